import { hasPorts } from '../nmap/transport.ts';
import { identify } from '../event/address.ts';
import type { AddressSet } from '../nmap/address-set.ts';
import { RunWatch, type ScanItem, type Unread } from '../nmap/item.ts';
import { milliseconds } from '../event/time.ts';
import type { Host, Run } from '../nmap/model.ts';
import type { Change } from './change.ts';
import { absentHost, type RunCoverage, runCoverage } from './coverage.ts';
import { type KnownHost, type KnownPort, currentValue, unknownHost } from '../state/known-host.ts';
import { leftOut } from './left-out.ts';
import { observe, observeAbsence } from './observe.ts';
import type { ChangeOptions } from './options.ts';
import { hostsInOrder } from '../nmap/order.ts';
import { hasLookedBefore, wasLookedFor } from './looked-before.ts';
import { type KnownScans, LAST } from './scans.ts';
import { type FindingsOf, type Sighting, sightingOf } from './sighting.ts';
import { DAMAGED, type KnownHosts } from '../state/known-hosts.ts';
import { mergedListings } from './merge-listings.ts';

interface RunView {
  readonly args: string | undefined;
  readonly coverage: RunCoverage;
  readonly complete: boolean;
  readonly unread: Unread;
}

/** Evaluates findings of a host, and what a run with given arguments looks for. */
export interface Findings {
  of(run: Run, host: Host): FindingsOf;
  looksFor(args: string | undefined, source: string): boolean;
}

/** The content of one input: its runs, and each host as they saw it. */
export interface ScanView {
  readonly runs: readonly RunView[];
  readonly hosts: ReadonlyMap<string, Sighting>;
  readonly findings: Findings | undefined;
  /** When it has seen a host, or begun when it lists none of that key; epoch milliseconds, undefined when it does not tell. */
  seenAt(key: string): number | undefined;
}

/** The differences, and what cannot be compared, which must not read as "nothing changed". */
export interface ScanDiff {
  readonly changes: readonly Change[];
  /** Hosts of the old input that the new one did not look at. */
  readonly hostsNotLookedAt: number;
  /** Hosts and open ports of the new input that the old one did not look at. */
  readonly hostsFirstSeen: number;
  readonly portsFirstSeen: number;
  /** Likewise protocols without ports. */
  readonly protocolsFirstSeen: number;
  /** Weaknesses of the new input that the old one did not look for, and that are not grave. */
  readonly findingsFirstSeen: number;
  /** Open ports, protocols and weaknesses of the old input that the new one did not look at, though at their host. */
  readonly portsNotTested: number;
  readonly protocolsNotTested: number;
  readonly findingsNotLookedFor: number;
  /** Hosts that both have looked at. */
  readonly hostsCompared: number;
  /** Hosts that are known from a later time than that of the new input: what it says of them is how they were before, and is not compared. */
  readonly hostsKnownLater: number;
}

type DiffOptions = Pick<ChangeOptions, 'service'>;

/** Collects what an input says; holds a few hundred bytes a listed port. */
export class ScanCollector {
  private readonly runs: { run: Run; args: string | undefined; coverage: RunCoverage; complete: boolean; unread: Unread }[] = [];
  private readonly listings = new Map<string, Sighting[]>();
  private readonly times = new Map<string, number>();
  private readonly macNetworks: AddressSet | undefined;
  private readonly watch = new RunWatch();
  private readonly findings: Findings | undefined;
  /** Elements that could not be read. */
  refused = 0;

  constructor(macNetworks?: AddressSet, findings?: Findings) {
    this.macNetworks = macNetworks;
    this.findings = findings;
  }

  add(item: ScanItem): void {
    const ending = this.watch.take(item);
    if (item.kind === 'run') this.runs.push({ run: item.run, args: item.run.args, coverage: runCoverage(item.run), complete: false, unread: [] });
    const run = this.runs.at(-1);
    if (run === undefined) return;
    if (item.kind === 'host') {
      const sighting = sightingOf(
        run.coverage,
        item.host,
        identify(item.host, this.macNetworks, run.coverage.link),
        this.findings?.of(run.run, item.host),
      );
      const { key } = sighting.identity;
      this.times.set(key, Math.max(this.times.get(key) ?? 0, timeOf(run.run, item.host)));
      const earlier = this.listings.get(key);
      if (earlier === undefined) this.listings.set(key, [sighting]);
      else earlier.push(sighting);
    } else if (item.kind === 'refused') this.refused++;
    else if (item.kind === 'end') [run.complete, run.unread] = [ending === 'finished', this.watch.unread];
  }

  view(): ScanView {
    const hosts = new Map<string, Sighting>();
    for (const [key, listings] of this.listings) {
      const sighting = mergedListings(listings);
      if (sighting !== undefined) hosts.set(key, sighting);
    }
    const begun = Math.max(0, ...this.runs.map(({ run }) => milliseconds(run.start)));
    return { runs: this.runs, hosts, findings: this.findings, seenAt: (key) => (this.times.get(key) ?? begun) || undefined };
  }
}

/** When a run has seen a host; 0 when it does not tell. */
export function timeOf(run: Run, host: Host): number {
  return milliseconds(host.endtime) || milliseconds(host.starttime) || milliseconds(run.start);
}

/**
 * What changed between two inputs, as far as both have looked: docs/explanation/change.md. Symmetric: with the inputs swapped,
 * each change becomes its opposite; but what is grave is told when it was not looked for before, too.
 */
export function diffScans(before: ScanView, after: ScanView, options: DiffOptions = {}): ScanDiff {
  const known = (key: string): KnownHost | undefined => {
    const sighting = before.hosts.get(key);
    if (sighting === undefined) return undefined;
    const host = unknownHost(key);
    observe(host, { sighting, ...BEFORE, ...ALONE, wasLookedFor: () => false, hasLookedBefore: () => false });
    return host;
  };
  const looksFor = (source: string): boolean => before.runs.some(({ args }) => before.findings?.looksFor(args, source) === true);
  return diffWith(
    {
      keys: [...before.hosts.keys()],
      known,
      wasLookedFor: (key) => establishedDown(before, key),
      // What was there before the new scan was looked at by the old one.
      hasLookedBefore: (_key, _port, source, since) => since <= BEFORE.time && looksFor(source),
      // The order of the two is what the user says, whatever their clocks say.
      hasTimes: false,
    },
    after,
    options,
  );
}

/** What is known, for a scan to be compared with. */
interface Knowledge {
  readonly keys: readonly string[];
  known(key: string): KnownHost | typeof DAMAGED | undefined;
  /** Whether a complete run would have listed that host, had it been up. */
  wasLookedFor(key: string): boolean;
  /** Whether a run that ended at or after `since` has looked for what `source` finds, at that port or at the host. */
  hasLookedBefore(key: string, port: KnownPort | undefined, source: string, since: number): boolean;
  /** Whether what is known has times that can be compared with those of a scan. */
  readonly hasTimes: boolean;
}

/** What a scan would change in the known state if it were the latest one. Modifies what `known` returns. */
export function diffWith(knowledge: Knowledge, after: ScanView, options: DiffOptions = {}): ScanDiff {
  const changes: Change[] = [];
  let [hostsNotLookedAt, hostsFirstSeen, portsFirstSeen, protocolsFirstSeen, findingsFirstSeen, hostsCompared, hostsKnownLater] = [
    0, 0, 0, 0, 0, 0, 0,
  ];
  let [portsNotTested, protocolsNotTested, findingsNotLookedFor] = [0, 0, 0];
  for (const key of hostsInOrder([...knowledge.keys, ...after.hosts.keys()])) {
    const known = knowledge.known(key);
    if (known === DAMAGED) continue;
    const sighting = after.hosts.get(key);
    if (knowledge.hasTimes && known !== undefined && known.time > (after.seenAt(key) ?? Number.POSITIVE_INFINITY)) {
      if (sighting !== undefined || establishedDown(after, key)) hostsKnownLater++;
    } else if (sighting !== undefined) {
      const host = known ?? unknownHost(key);
      const left = leftOut(host, sighting);
      portsNotTested += left.ports;
      protocolsNotTested += left.protocols;
      findingsNotLookedFor += left.findings;
      const found = observe(
        host,
        {
          sighting,
          ...afterAll(host),
          wasLookedFor: () => knowledge.wasLookedFor(key),
          hasLookedBefore: (port, source, since) => knowledge.hasLookedBefore(key, port, source, since),
          ...ALONE,
        },
        options,
      );
      changes.push(...found.changes);
      if (known !== undefined) hostsCompared++;
      if (found.isFirstSeen) hostsFirstSeen++;
      const ports = found.firstSeen.filter(({ protocol }) => hasPorts(protocol)).length;
      portsFirstSeen += ports;
      protocolsFirstSeen += found.firstSeen.length - ports;
      findingsFirstSeen += found.firstFindings;
    } else if (known !== undefined && currentValue(known.up, 1) === 'yes') {
      if (establishedDown(after, key)) changes.push(...observeAbsence(known, afterAll(known).time, 1));
      else hostsNotLookedAt++;
    }
  }
  return {
    changes,
    hostsNotLookedAt,
    hostsFirstSeen,
    portsFirstSeen,
    protocolsFirstSeen,
    findingsFirstSeen,
    portsNotTested,
    protocolsNotTested,
    findingsNotLookedFor,
    hostsCompared,
    hostsKnownLater,
  };
}

/** What the state file knows of a site. */
export function knowledgeOf(hosts: KnownHosts, scans: KnownScans, findings: Findings): Knowledge {
  return {
    hasTimes: true,
    keys: hosts.keys(),
    known: (key) => hosts.find(key),
    wasLookedFor: (key) => wasLookedFor(key, scans.at.earlier(key, LAST)),
    hasLookedBefore: (key, port, source, since) =>
      hasLookedBefore({ address: key, port, source, since }, (wanted) => scans.at.earlier(key, LAST, wanted), findings),
  };
}

/** No later run is known. */
const ALONE = { laterLooks: () => [], hasLookedIn: () => false };
const BEFORE = { time: 0, scan: 0, mark: 'before' };

function afterAll({ time }: KnownHost): { readonly time: number; readonly scan: number; readonly mark: string } {
  return { time: Math.max(time, 0) + 1, scan: 0, mark: 'after' };
}

function establishedDown({ runs }: ScanView, key: string): boolean {
  return runs.some(({ coverage, complete, unread }) => absentHost(coverage, complete, key, unread).tested);
}
