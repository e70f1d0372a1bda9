import { hasPorts } from '../nmap/transport.ts';
import { baseFields, type RunContext } from '../event/context.ts';
import type { LogEvent } from '../event/event.ts';
import type { HostContext } from '../event/host.ts';
import { digest } from '../event/id.ts';
import { wasLookedAt } from '../nmap/item.ts';
import type { Run } from '../nmap/model.ts';
import type { TargetLists } from '../nmap/target-lists.ts';
import { type KnownFinding, type KnownHost, type KnownPort, currentValue, unknownHost } from '../state/known-host.ts';
import { latestOf } from '../state/index-known.ts';
import { DAMAGED, type KnownHosts } from '../state/known-hosts.ts';
import { type Change, portOf } from './change.ts';
import { ComparisonBudget } from './comparison-budget.ts';
import { reachedAt, wouldList } from './coverage.ts';
import { hasLookedBefore, type LookupRules, runsThatLooked, wasLookedFor } from './looked-before.ts';
import { ComparedRun } from './compared-run.ts';
import type { Detected } from './detected.ts';
import { absenceEvent, changeEvent, markedAsMass } from './event.ts';
import { correctFutureTimes, dateUntimedRuns } from './correct-times.ts';
import type { Observation } from './observation.ts';
import { observe, observeAbsence } from './observe.ts';
import type { ChangeOptions } from './options.ts';
import { findingRecord, hostRecord, hostStateOf, portRecord, recordedHost, type RecordContext } from './record.ts';
import { addChanges, type LaterRun } from './scan-record.ts';
import type { KnownScans } from './scans.ts';
import { ManyRanges, RANGES_LEFT_OUT } from './many-ranges.ts';
import { MAX_LENGTH } from './scope.ts';
import { type FindingsOf, sightingOf } from './sighting.ts';

/** What change detection needs to know about the rules of findings. */
interface FindingRules extends LookupRules {
  /** The remedy of a rule; undefined for a rule that does not exist any more. */
  remedyOf(rule: string): string | undefined;
}

/** A host of a scan with its findings. */
export interface SeenHost {
  readonly context: HostContext;
  readonly weaknesses: FindingsOf;
}

/** What change detection works with. */
export interface DetectorParts {
  readonly hosts: KnownHosts;
  readonly scans: KnownScans;
  readonly options: ChangeOptions;
  readonly judge: FindingRules;
  /** Whether inventory records are wanted, too. */
  readonly keepsInventory: boolean;
  /** The content of the files that nmap's arguments name, when portlog runs nmap. */
  readonly lists: TargetLists | undefined;
}

/** The ports and findings of a host whose inventory records changed. */
interface ChangedRecords {
  readonly ports: Iterable<KnownPort>;
  readonly findings: Iterable<KnownFinding>;
}

/** The budgets for comparing are those of an input, and of as much time in an input that goes on for months. */
const RENEWED_EVERY_MS = 600_000;
/**
 * Compares what is read with what is known, updates the known state, and returns change events. Every call belongs in a
 * transaction of the caller, which sends the events after the commit.
 */
export class ChangeDetector {
  private readonly parts: DetectorParts;
  private readonly budget = new ComparisonBudget();
  private readonly ranges = new ManyRanges();
  /** When the budgets were renewed, epoch milliseconds; undefined: the first run of an input comes next. */
  private renewed: number | undefined;

  constructor(parts: DetectorParts) {
    this.parts = parts;
  }

  /** Begins an input: what it may cost does not depend on those before it. */
  beginInput(): void {
    this.renewed = undefined;
  }

  /** A scan that arrives in a pipe does not depend on what came there long ago, either. */
  private renewBudgets(now: number): void {
    if (this.renewed !== undefined && now >= this.renewed && now < this.renewed + RENEWED_EVERY_MS) return;
    this.renewed = now;
    this.budget.renew();
    this.ranges.renew();
    this.parts.scans.beginInput();
  }

  /** Begins a run; its hosts come next. `remark`: adds a remark to the input. */
  begin(run: Run, context: RunContext, remark: (text: string) => void = () => undefined): ComparedRun {
    const { hosts, scans, options, lists } = this.parts;
    const { scanner, verbose, scaninfo } = run;
    const { start: started } = context;
    this.renewBudgets(context.options.now());
    // Longer arguments are not kept: they are stored with each run, and parsed for each scan of the site.
    const short = (context.args ?? '').length > MAX_LENGTH ? undefined : context.args;
    const isTooMuch = !this.ranges.allow(short, lists);
    if (isTooMuch) remark(RANGES_LEFT_OUT);
    const args = isTooMuch ? undefined : short;
    correctFutureTimes(hosts, scans, options.confirm, { now: context.options.now(), started });
    if (!context.startIsOurs) dateUntimedRuns(hosts, scans, options.confirm, started);
    hosts.keepLists(run);
    const record = scans.begin(context.scanId, started, { scanner, args, verbose, scaninfo, lists });
    if (context.startIsOurs && record.counts.held === undefined) {
      record.counts.held = true;
      scans.save(record);
    }
    return new ComparedRun(context, record, scans);
  }

  /** Compares a host with what is known about it. */
  compare(seen: SeenHost, run: ComparedRun, detected: Detected): void {
    const { context } = seen;
    // A list scan (-sL) names hosts, and knows nothing about them.
    if (!wasLookedAt(context.host)) return;
    const { counts } = run.record;
    const { key } = context.identity;
    const time = run.timeOf(context);
    if (run.isListedTooOften(key))
      return void detected.remarks.push(`${key} is listed very often: only the first listings are compared with what is known`);
    const known = this.parts.hosts.find(key) ?? unknownHost(key);
    if (known === DAMAGED) return;
    const observation = this.observation(seen, run, time);
    if (!this.budget.mayCompare(known, observation)) {
      run.passOver(key);
      return void detected.remarks.push(
        `${key} has very many known ports, and is listed very often: only the first listings are compared with what is known`,
      );
    }
    const outcome = observe(known, observation, this.parts.options);
    const { recorded, recordedFindings } = known;
    // An older sighting says nothing about what came after the latest one.
    const isSettled = known.time === time && this.applyLaterAbsences(known, reachedAt(context.identity), run);
    counts.firstHosts += outcome.isFirstSeen ? 1 : 0;
    const firstPorts = outcome.firstSeen.filter(({ protocol }) => hasPorts(protocol)).length;
    counts.firstPorts += firstPorts;
    run.noteFirstSeen(known, outcome.firstSeen);
    counts.firstProtocols = (counts.firstProtocols ?? 0) + outcome.firstSeen.length - firstPorts;
    counts.firstFindings += outcome.firstFindings;
    if (outcome.graveFindings > 0) counts.graveFindings = (counts.graveFindings ?? 0) + outcome.graveFindings;
    const ports = [...outcome.firstSeen, ...outcome.unreported, ...portsOf(known, outcome.changes)];
    const changed = { ports, findings: outcome.findings };
    if (known.time === time) this.record(known, run, changed, detected);
    else if (ports.length + changed.findings.length > 0) this.recordLate(known, run, changed, detected);
    const isAsBefore = outcome.isRepeated === true && !isSettled && known.recorded === recorded && known.recordedFindings === recordedFindings;
    if (!isAsBefore) this.note(known, run, outcome.changes, (change) => changeEvent(context, change, this.scanId, time), detected);
  }

  /** Compares a host that is not listed, although the run would have listed it even when down. */
  compareAbsent(known: KnownHost, run: ComparedRun, detected: Detected): void {
    const { context, record } = run;
    const { ended } = record;
    const changes = observeAbsence(known, ended, this.parts.options.confirm);
    this.record(known, run, { ports: [], findings: [] }, detected);
    this.note(known, run, changes, (change) => absenceEvent(context, known, change, this.scanId, ended), detected);
  }

  private observation({ context, weaknesses }: SeenHost, run: ComparedRun, time: number): Observation {
    const { scans, judge } = this.parts;
    const { record } = run;
    const { host, identity } = context;
    const address = reachedAt(identity);
    let later: readonly LaterRun[] | undefined;
    return {
      sighting: sightingOf(record.coverage, host, identity, weaknesses),
      time,
      scan: record.nr,
      mark: markOf(context, weaknesses),
      wasLookedFor: () => wasLookedFor(address, run.earlierAt(address)),
      laterLooks: (port, source) => runsThatLooked(scans.at.most((later ??= run.laterAt(address))), { address, port, source }, judge),
      hasLookedIn: (nr, source) => judge.looksFor(scans.argsOf(nr), source),
      hasLookedBefore: (port, source, since) => hasLookedBefore({ address, port, source, since }, (wanted) => run.earlierAt(address, wanted), judge),
    };
  }

  private readonly scanId = (nr: number): string | undefined => this.parts.scans.idOf(nr);

  private note(
    known: KnownHost,
    { record }: ComparedRun,
    changes: readonly Change[],
    eventOf: (change: Change) => LogEvent,
    detected: Detected,
  ): void {
    this.parts.hosts.put(known, this.parts.options.confirm);
    if (changes.length === 0) return;
    addChanges(record.counts, reachedAt(known), changes.length);
    const events = changes.map(eventOf);
    detected.changes.push(...(changes.length > this.parts.options.mass ? events.map(markedAsMass) : events));
  }

  /** Makes inventory records: of the host once per run, of its ports and weaknesses when they change. */
  private record(known: KnownHost, { context }: ComparedRun, changed: ChangedRecords, detected: Detected): void {
    if (known.up.yes === undefined) return;
    const state = hostStateOf(known);
    // Records of ports and findings also contain the state of their host, because "what is open now" queries them alone.
    const ports = known.recorded === state ? [] : Object.values(known.ports).filter(({ open }) => currentValue(open, 1) === 'yes');
    const findings = known.recordedFindings === state ? [] : Object.values(known.findings).filter(({ open }) => currentValue(open, 1) === 'yes');
    const all = { ports: new Set([...changed.ports, ...ports]), findings: new Set([...changed.findings, ...findings]) };
    if (known.recorded !== state || all.ports.size + all.findings.size > 0) detected.moved.add(known.key);
    known.recorded = state;
    known.recordedFindings = state;
    if (this.parts.keepsInventory) detected.others.push(...this.records(context, known, all));
  }

  /** Inventory records for what an older sighting has added, dated like the latest sighting. */
  private recordLate(known: KnownHost, run: ComparedRun, changed: ChangedRecords, detected: Detected): void {
    if (known.up.yes === undefined) return;
    detected.moved.add(known.key);
    if (this.parts.keepsInventory) detected.others.push(...this.records(this.contextOf(known, run), known, changed));
  }

  /** All inventory records of a host, for a sink that has missed some. `run`: the run that is being read. */
  recordsOf(key: string, run: ComparedRun): readonly LogEvent[] {
    const known = this.parts.hosts.find(key);
    if (known === undefined || known === DAMAGED || known.up.yes === undefined) return [];
    const wasFound = ({ open }: Pick<KnownPort, 'open'>): boolean => open.yes !== undefined;
    const all = { ports: Object.values(known.ports).filter(wasFound), findings: Object.values(known.findings).filter(wasFound) };
    return this.records(this.contextOf(known, run), known, all);
  }

  /** The context of the scan that found the host last. */
  private contextOf({ scan }: KnownHost, { record, context }: ComparedRun): RecordContext {
    const { scans } = this.parts;
    if (scan === record.nr) return context;
    const { options } = context;
    return { options, scanId: scans.idOf(scan), base: baseFields({ scanner: scans.scannerOf(scan) }, options) };
  }

  private records(context: RecordContext, known: KnownHost, { ports, findings }: ChangedRecords): readonly LogEvent[] {
    // The same for every server and at any time, because a server accepts a record of one revision once.
    const time = latestOf(known);
    const host = recordedHost(known);
    const records = [hostRecord(context, host, time)];
    for (const port of ports) records.push(portRecord(context, host, port, time));
    for (const finding of findings) records.push(findingRecord(context, host, finding, { time, remedy: this.parts.judge.remedyOf(finding.rule.id) }));
    return records;
  }

  /** Applies later runs that were read before this one and did not find the host: true when there are any. */
  private applyLaterAbsences(known: KnownHost, address: string, run: ComparedRun): boolean {
    const later = run
      .laterAt(address)
      .filter(({ started, coverage, counts }) => started > known.time && coverage.listsDown && wouldList(coverage, address, counts.unread));
    const { confirm } = this.parts.options;
    const ends = later.map(({ ended }) => ended).sort((one, other) => other - one);
    // The first and the latest times are kept, so only these runs matter.
    const [latest, first] = [ends.slice(0, confirm), ends.slice(confirm).slice(-1)];
    for (const ended of [...first, ...latest]) observeAbsence(known, ended, confirm);
    return later.length > 0;
  }
}

/** Identifies a listing of a host together with its findings: another exposure file or rule may find something else in the same listing. */
function markOf({ observationId }: HostContext, { findings }: FindingsOf): string {
  const evaluated = findings.flatMap(({ port, key, alerts }) => (alerts ? [port, key] : []));
  return (evaluated.length === 0 ? observationId : digest([observationId, ...evaluated])).slice(0, 16);
}

/** The ports that changes are about; for a new host, also its open ports. */
function portsOf(known: KnownHost, changes: readonly Change[]): readonly KnownPort[] {
  const isNew = changes.some(({ action }) => action === 'host-new');
  const open = isNew ? Object.values(known.ports).filter(({ state }) => state === 'open') : [];
  const changed = changes.flatMap((change) => known.ports[portOf(change) ?? ''] ?? []);
  return [...new Set([...open, ...changed])];
}
