import { identifyInRun, type MacOwners } from '../event/address.ts';
import { milliseconds } from '../event/time.ts';
import type { AddressSet } from '../nmap/address-set.ts';
import { type Ending, RunWatch, type ScanItem, type Unread, wasLookedAt } from '../nmap/item.ts';
import type { Host, Run } from '../nmap/model.ts';
import { type RunCoverage, runCoverage } from './coverage.ts';
import { mergedListings } from './merge-listings.ts';
import { type FindingsOf, type Sighting, sightingOf } from './sighting.ts';

interface RunView {
  readonly args: string | undefined;
  readonly coverage: RunCoverage;
  readonly complete: boolean;
  readonly ending: Ending;
  readonly unread: Unread;
}

/** Evaluates the findings of a host, and knows what a run with given arguments looks for. */
export interface Findings {
  of(run: Run, host: Host): FindingsOf;
  looksFor(args: string | undefined, source: string): boolean;
}

/** The content of one input: its runs, and each host as they saw it. */
export interface ScanView {
  readonly runs: readonly RunView[];
  readonly hosts: ReadonlyMap<string, Sighting>;
  readonly findings: Findings | undefined;
  /** When the input saw a host, or when it began if it does not list the host; epoch milliseconds, undefined when there are no times. */
  seenAt(key: string): number | undefined;
}

/** Collects the content of an input; holds a few hundred bytes per listed port. */
export class ScanCollector {
  private readonly runs: (RunView & { readonly run: Run })[] = [];
  private readonly listings = new Map<string, Sighting[]>();
  private readonly times = new Map<string, number>();
  private readonly macNetworks: AddressSet | undefined;
  /** Of the latest run. */
  private macOwners: MacOwners = new Map();
  private readonly watch = new RunWatch();
  private readonly findings: Findings | undefined;
  /** Number of elements that could not be read. */
  refused = 0;

  constructor(macNetworks?: AddressSet, findings?: Findings) {
    this.macNetworks = macNetworks;
    this.findings = findings;
  }

  add(item: ScanItem): void {
    const ending = this.watch.take(item);
    if (item.kind === 'run') this.macOwners = new Map();
    if (item.kind === 'run')
      this.runs.push({ run: item.run, args: item.run.args, coverage: runCoverage(item.run), complete: false, ending: 'cut', unread: [] });
    const run = this.runs.at(-1);
    if (run === undefined) return;
    if (item.kind === 'host' && wasLookedAt(item.host)) {
      const sighting = sightingOf(
        run.coverage,
        item.host,
        identifyInRun(item.host, this.macOwners, this.macNetworks, run.coverage.link),
        this.findings?.of(run.run, item.host),
      );
      const { key } = sighting.identity;
      this.times.set(key, Math.max(this.times.get(key) ?? 0, timeOf(run.run, item.host)));
      const earlier = this.listings.get(key);
      if (earlier === undefined) this.listings.set(key, [sighting]);
      else earlier.push(sighting);
    } else if (item.kind === 'refused') this.refused++;
    else if (item.kind === 'end') Object.assign(run, { complete: ending === 'finished', ending: ending ?? 'cut', unread: this.watch.unread });
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

/** When a run saw a host, epoch milliseconds; 0 when unknown. */
export function timeOf(run: Run, host: Host): number {
  return milliseconds(host.endtime) || milliseconds(host.starttime) || milliseconds(run.start);
}
