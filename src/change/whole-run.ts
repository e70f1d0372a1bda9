import { absenceUnknownEvent, unlistedText } from '../event/health.ts';
import { counted } from '../event/text.ts';
import { DAMAGED, type KnownHosts } from '../state/known-hosts.ts';
import { absentHost, isOnLink, reachedAt } from './coverage.ts';
import type { ComparedRun } from './compared-run.ts';
import type { Detected } from './detected.ts';
import type { ChangeDetector } from './detector.ts';
import { baselineEvent, massChangeEvent, scopeShrankEvent } from './event.ts';
import type { FirstCounts, ScanCounts } from './scan-record.ts';
import { shrinkage } from './shrinkage.ts';
import { TOO_MANY_KINDS } from './unlisted.ts';

/** Detects known hosts that a complete run does not list. */
export function detectAbsent(run: ComparedRun, hosts: KnownHosts, detector: ChangeDetector, detected: Detected): void {
  const { coverage, started, counts } = run.record;
  const { scope } = coverage.arguments;
  if (!scope.known) return;
  if (!coverage.listsDown) return noteUnlisted(run, hosts, detected);
  // Then it says nothing about hosts that it does not list.
  if (coverage.listsAnswersOnly || counts.unread === 'unknown') return;
  for (const key of hosts.unseen(scope.addresses, started)) {
    if (run.wasPassedOver(key)) continue;
    const known = hosts.find(key);
    if (known === undefined || known === DAMAGED || !absentHost(coverage, true, reachedAt(known), counts.unread).tested) continue;
    detector.compareAbsent(known, run, detected);
  }
}

/** Reports known hosts that are missing for an unknown reason, once per kind of scan. */
function noteUnlisted(run: ComparedRun, hosts: KnownHosts, { others, remarks, unlisted }: Detected): void {
  const { context, record } = run;
  const { coverage, counts, started, kind } = record;
  const { scope } = coverage.arguments;
  if (coverage.listsAnswersOnly || !scope.known) return;
  if (!unlisted.hasRoomFor(kind)) return void remarks.push(TOO_MANY_KINDS);
  if (run.isUnlistedAnnounced) return unlisted.add(kind);
  const missing = [...hosts.unseen(scope.addresses, started)].filter((key) => isOnLink(coverage, key) && !run.wasPassedOver(key)).length;
  if (missing === 0) return;
  unlisted.add(kind);
  counts.announcedUnlisted = true;
  remarks.push(unlistedText(missing));
  others.push(absenceUnknownEvent(context.options, { scanId: context.scanId, args: context.args, hosts: missing }));
}

/** Detects what concerns a run as a whole; each event is repeated only when the number has grown. `mass`: this many changes are a mass change. */
export function detectOfRun(run: ComparedRun, mass: number, { others, remarks }: Detected): void {
  const { context, record, unexplained } = run;
  if (unexplained.ports > 0) remarks.push(unexplainedText(unexplained));
  const { counts, ended: time } = record;
  const baseline = baselineOf(counts);
  if (baseline !== undefined) others.push(baselineEvent(context, time, baseline));
  if (counts.changes > Math.max(mass, counts.announcedChanges ?? 0)) {
    counts.announcedChanges = counts.changes;
    others.push(massChangeEvent(context, time, counts));
  }
  const shrank = record.complete && counts.announcedShrank !== true ? shrinkage(run) : undefined;
  if (shrank === undefined) return;
  counts.announcedShrank = true;
  others.push(scopeShrankEvent(context, time, shrank));
}

/**
 * What was seen for the first time and no baseline has counted yet: the same scan may be read in parts, each with a baseline of its own.
 * `before`: how much the others have counted.
 */
function baselineOf(counts: ScanCounts): (FirstCounts & { readonly before: number }) | undefined {
  const { firstHosts, firstPorts, firstProtocols = 0, firstFindings, graveFindings = 0, announcedFirst: before = 0, announcedBaseline } = counts;
  const first = firstHosts + firstPorts + firstProtocols + firstFindings;
  if (first <= before) return undefined;
  counts.announcedFirst = first;
  counts.announcedBaseline = { firstHosts, firstPorts, firstProtocols, firstFindings, graveFindings };
  if (announcedBaseline === undefined) return { ...counts.announcedBaseline, before };
  return {
    firstHosts: firstHosts - announcedBaseline.firstHosts,
    firstPorts: firstPorts - announcedBaseline.firstPorts,
    firstProtocols: firstProtocols - (announcedBaseline.firstProtocols ?? 0),
    firstFindings: firstFindings - announcedBaseline.firstFindings,
    graveFindings: graveFindings - (announcedBaseline.graveFindings ?? 0),
    before,
  };
}

/** masscan writes neither its ports nor its targets: a port that it lists for the first time may be new, or not scanned before. */
function unexplainedText({ ports, first }: ComparedRun['unexplained']): string {
  const more = ports > first.length ? ', …' : '';
  const [them, are] = ports === 1 ? ['it', 'is'] : ['them', 'are'];
  return `masscan does not write which ports it scanned, so ${counted(ports, 'open port')} at known hosts, seen for the first time, may be new and ${are} no alert (${first.join(', ')}${more}); scan ${them} with nmap to have changes told (docs/how-to/scan.md)`;
}
