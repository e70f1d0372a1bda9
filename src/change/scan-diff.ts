import { hasPorts } from '../nmap/transport.ts';
import type { Change } from './change.ts';
import { absentHost, reachedAt } from './coverage.ts';
import { type KnownHost, type KnownPort, currentValue, unknownHost } from '../state/known-host.ts';
import { leftOut } from './left-out.ts';
import { observe, observeAbsence } from './observe.ts';
import type { ChangeOptions } from './options.ts';
import { hostsInOrder } from '../nmap/order.ts';
import { hasLookedBefore, wasLookedFor } from './looked-before.ts';
import type { Findings, ScanView } from './scan-view.ts';
import { type KnownScans, LAST } from './scans.ts';
import type { Sighting } from './sighting.ts';
import { DAMAGED, type KnownHosts } from '../state/known-hosts.ts';

/** The differences, and how much cannot be compared, which must not read as "nothing changed". */
export interface ScanDiff {
  readonly changes: readonly Change[];
  /** Hosts of the old input that the new one did not scan. */
  readonly hostsNotLookedAt: number;
  /** Hosts and open ports of the new input that the old one did not scan. */
  readonly hostsFirstSeen: number;
  readonly portsFirstSeen: number;
  /** The same for IP protocols. */
  readonly protocolsFirstSeen: number;
  /** Weaknesses of the new input that the old one did not look for, without severe ones. */
  readonly findingsFirstSeen: number;
  /** Open ports, protocols and weaknesses of the old input that the new one did not look at, although it scanned the host. */
  readonly portsNotTested: number;
  readonly protocolsNotTested: number;
  readonly findingsNotLookedFor: number;
  /** Hosts that both have scanned. */
  readonly hostsCompared: number;
  /** Hosts that were seen after the new input was made: it only shows how they were before, so they are not compared. */
  readonly hostsKnownLater: number;
}

type DiffOptions = Pick<ChangeOptions, 'service'>;

/**
 * What changed between two inputs, as far as both have looked: docs/explanation/change.md. Symmetric: with the inputs swapped, each change
 * becomes its opposite, except that severe findings are reported even when they were not looked for before.
 */
export function diffScans(before: ScanView, after: ScanView, options: DiffOptions = {}): ScanDiff {
  const known = (key: string): KnownHost | undefined => {
    const sighting = before.hosts.get(key);
    if (sighting === undefined) return undefined;
    const host = unknownHost(key);
    observe(host, { sighting, ...BEFORE, ...NO_LATER_RUNS, wasLookedFor: () => false, hasLookedBefore: () => false });
    return host;
  };
  const looksFor = (source: string): boolean => before.runs.some(({ args }) => before.findings?.looksFor(args, source) === true);
  return diffWith(
    {
      keys: [...before.hosts.keys()],
      known,
      wasLookedFor: (address) => establishedDown(before, address),
      // What existed before the new scan counts as looked at by the old one.
      hasLookedBefore: (_address, _port, source, since) => since <= BEFORE.time && looksFor(source),
      // The user decides which input is older, whatever the clocks say.
      hasTimes: false,
    },
    after,
    options,
  );
}

/** The known state that a scan is compared with. */
interface Knowledge {
  readonly keys: readonly string[];
  known(key: string): KnownHost | typeof DAMAGED | undefined;
  /** Whether a complete run would have listed a host at that address, had it been up. */
  wasLookedFor(address: string): boolean;
  /** Whether a run that ended at or after `since` has looked for what `source` finds, at that port or at the host. */
  hasLookedBefore(address: string, port: KnownPort | undefined, source: string, since: number): boolean;
  /** Whether its times can be compared with those of a scan. */
  readonly hasTimes: boolean;
}

/** What a scan would change in the known state if it were the latest one. Modifies what `known` returns. */
export function diffWith(knowledge: Knowledge, after: ScanView, options: DiffOptions = {}): ScanDiff {
  const comparison = new Comparison(knowledge, after, options);
  for (const key of hostsInOrder([...knowledge.keys, ...after.hosts.keys()])) comparison.compare(key);
  return { changes: comparison.changes, ...comparison.counts };
}

type Counts = { -readonly [Name in Exclude<keyof ScanDiff, 'changes'>]: number };

/** Compares a scan with the known state, host by host. */
class Comparison {
  readonly changes: Change[] = [];
  readonly counts: Counts = {
    hostsNotLookedAt: 0,
    hostsFirstSeen: 0,
    portsFirstSeen: 0,
    protocolsFirstSeen: 0,
    findingsFirstSeen: 0,
    portsNotTested: 0,
    protocolsNotTested: 0,
    findingsNotLookedFor: 0,
    hostsCompared: 0,
    hostsKnownLater: 0,
  };
  private readonly knowledge: Knowledge;
  private readonly after: ScanView;
  private readonly options: DiffOptions;

  constructor(knowledge: Knowledge, after: ScanView, options: DiffOptions) {
    this.knowledge = knowledge;
    this.after = after;
    this.options = options;
  }

  compare(key: string): void {
    const { after, knowledge, counts } = this;
    const known = knowledge.known(key);
    if (known === DAMAGED) return;
    const sighting = after.hosts.get(key);
    if (knowledge.hasTimes && known !== undefined && known.time > (after.seenAt(key) ?? Number.POSITIVE_INFINITY)) {
      if (sighting !== undefined || establishedDown(after, reachedAt(known))) counts.hostsKnownLater++;
    } else if (sighting !== undefined) this.compareListed(key, known, sighting);
    else if (known !== undefined && currentValue(known.up, 1) === 'yes') this.compareUnlisted(known);
  }

  private compareListed(key: string, known: KnownHost | undefined, sighting: Sighting): void {
    const { counts, knowledge } = this;
    const host = known ?? unknownHost(key);
    // Before `observe` adds what the scan has found.
    const left = leftOut(host, sighting);
    counts.portsNotTested += left.ports;
    counts.protocolsNotTested += left.protocols;
    counts.findingsNotLookedFor += left.findings;
    const address = reachedAt(sighting.identity);
    const observation = {
      sighting,
      ...afterAll(host),
      wasLookedFor: () => knowledge.wasLookedFor(address),
      hasLookedBefore: (port: KnownPort | undefined, source: string, since: number) => knowledge.hasLookedBefore(address, port, source, since),
      ...NO_LATER_RUNS,
    };
    const found = observe(host, observation, this.options);
    this.changes.push(...found.changes);
    if (known !== undefined) counts.hostsCompared++;
    if (found.isFirstSeen) counts.hostsFirstSeen++;
    const ports = found.firstSeen.filter(({ protocol }) => hasPorts(protocol)).length;
    counts.portsFirstSeen += ports;
    counts.protocolsFirstSeen += found.firstSeen.length - ports;
    counts.findingsFirstSeen += found.firstFindings;
  }

  private compareUnlisted(known: KnownHost): void {
    if (establishedDown(this.after, reachedAt(known))) this.changes.push(...observeAbsence(known, afterAll(known).time, 1));
    else this.counts.hostsNotLookedAt++;
  }
}

/** The known state of a site, from the state file. */
export function knowledgeOf(hosts: KnownHosts, scans: KnownScans, findings: Findings): Knowledge {
  return {
    hasTimes: true,
    keys: hosts.keys(),
    known: (key) => hosts.find(key),
    wasLookedFor: (address) => wasLookedFor(address, scans.at.earlier(address, LAST)),
    hasLookedBefore: (address, port, source, since) =>
      hasLookedBefore({ address, port, source, since }, (wanted) => scans.at.earlier(address, LAST, wanted), findings),
  };
}

/** There are no later runs. */
const NO_LATER_RUNS = { laterLooks: () => [], hasLookedIn: () => false };
const BEFORE = { time: 0, scan: 0, mark: 'before' };

function afterAll({ time }: KnownHost): { readonly time: number; readonly scan: number; readonly mark: string } {
  return { time: Math.max(time, 0) + 1, scan: 0, mark: 'after' };
}

function establishedDown({ runs }: ScanView, address: string): boolean {
  return runs.some(({ coverage, complete, unread }) => absentHost(coverage, complete, address, unread).tested);
}
