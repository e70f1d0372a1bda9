import { digest } from '../event/id.ts';
import { parsedAs } from '../core/shape.ts';
import type { Unread } from '../nmap/item.ts';
import type { Run } from '../nmap/model.ts';
import type { TargetLists } from '../nmap/target-lists.ts';
import { RUN_SETUP, SCAN_COUNTS } from '../state/known-shape.ts';
import { type KindReach, MOST_ROWS, WIDER_ROWS } from '../state/scan-reach.ts';
import { type RunCoverage, runCoverage } from './coverage.ts';

/** The parts of a run's header from which its coverage is computed; `args` has secrets masked. */
export interface RunSetup extends Pick<Run, 'scanner' | 'args' | 'verbose' | 'scaninfo'> {
  /** The content of the files that its arguments name, when portlog ran nmap. */
  readonly lists?: TargetLists | undefined;
}

/** What was seen for the first time in a run. */
export interface FirstCounts {
  firstHosts: number;
  firstPorts: number;
  /** IP protocols without ports (`nmap -sO`); absent in the state of older versions. */
  firstProtocols?: number;
  firstFindings: number;
  /** Findings that were seen for the first time as well, but announced because they are high or critical. */
  graveFindings?: number;
}

/** Counts of what a run has changed, and what of that was announced. */
export interface ScanCounts extends FirstCounts {
  changes: number;
  changedHosts: number;
  /** Changes, of which each host counts for at most ten; absent in the state of older versions. */
  sharedChanges?: number;
  /** The host with the most changes. */
  mostChanged?: { readonly host: string; readonly changes: number };
  /** Hosts as nmap counted them at its end. */
  total?: number | undefined;
  announcedFirst?: number;
  /** What of it the baselines so far have counted; absent in the state of older versions. */
  announcedBaseline?: FirstCounts;
  announcedChanges?: number;
  announcedShrank?: boolean;
  announcedUnlisted?: boolean;
  /** Addresses of listed hosts that could not be read. */
  unread?: Unread | undefined;
  /** The run has no possible times of its own: its times are those of its first reading (true), or those of its hosts. */
  held?: boolean;
}

/** A run of nmap or masscan. Times are epoch milliseconds. */
export interface ScanRecord {
  readonly nr: number;
  readonly id: string;
  started: number;
  ended: number;
  /** Whether it ended successfully, by its own words. */
  complete: boolean;
  /** Runs of the same kind scan the same targets in the same way. */
  readonly kind: string;
  readonly setup: RunSetup;
  readonly coverage: RunCoverage;
  readonly counts: ScanCounts;
}

export const NO_COUNTS: Readonly<ScanCounts> = { firstHosts: 0, firstPorts: 0, firstFindings: 0, changes: 0, changedHosts: 0 };

/** Set-up of a run whose row is damaged: what it scanned is unknown, so nothing is compared with it. */
export const UNREADABLE: RunSetup = { scanner: undefined, args: undefined, verbose: undefined, scaninfo: [] };

/** Changes of a host that count towards a mass change. */
const MOST_OF_A_HOST = 10;

/** Kinds that are cached before the cache is emptied, and the most address ranges in it; so many letters of arguments count as a range. */
const MOST = 5000;
const MOST_RANGES = 250_000;
const LETTERS_OF_A_RANGE = 32;

export type BareRow = Readonly<Record<string, unknown>>;

/** What all runs of a kind share. */
export interface SetupOfKind {
  readonly name: string;
  readonly setup: RunSetup;
  readonly coverage: RunCoverage;
}

/** A run after the one that is being read, with what questions about it need. */
export interface LaterRun extends Pick<ScanRecord, 'nr' | 'started' | 'ended' | 'setup' | 'coverage'> {
  readonly counts: Readonly<Pick<ScanCounts, 'unread'>>;
}

/** Converts rows of the state file to records of runs. */
export class ScanRecords {
  private readonly kinds = new Map<string, SetupOfKind>();
  private ranges = 0;

  /** The record of a row; its set-up is parsed on first use. `entered`: the set-up of a row that was just written. */
  of(row: BareRow, entered?: RunSetup): ScanRecord {
    let setup = entered;
    let coverage: RunCoverage | undefined;
    const { kindOf } = this;
    return {
      nr: row['nr'] as number,
      id: row['id'] as string,
      started: row['started'] as number,
      ended: row['ended'] as number,
      complete: row['complete'] === 1,
      kind: row['kind'] as string,
      get setup() {
        setup ??= setupOf(row);
        return setup;
      },
      get coverage() {
        coverage ??= kindOf(this.kind === '' || this.setup === UNREADABLE ? String(row['run']) : this.kind, this.setup).coverage;
        return coverage;
      },
      counts: countsOf(row) ?? { ...NO_COUNTS },
    };
  }

  /** The cached kind of that name. */
  knownKind(name: string): SetupOfKind | undefined {
    return this.kinds.get(name);
  }

  readonly kindOf = (name: string, setup: RunSetup): SetupOfKind => {
    const kept = this.kinds.get(name);
    if (kept !== undefined) return kept;
    const kind = { name, setup, coverage: runCoverage(setup, setup.lists) };
    const ranges = rangesIn(kind);
    this.ranges += ranges;
    if (this.kinds.size >= MOST || this.ranges > MOST_RANGES) {
      this.kinds.clear();
      this.ranges = ranges;
    }
    this.kinds.set(name, kind);
    return kind;
  };
}

function rangesIn({ setup, coverage }: SetupOfKind): number {
  const { scope } = coverage.arguments;
  const letters = setup.scaninfo.reduce((sum, { services }) => sum + (services?.length ?? 0), setup.args?.length ?? 0);
  return Math.ceil(letters / LETTERS_OF_A_RANGE) + (scope.known ? scope.addresses.ranges : 0);
}

/** Counts changes of a host. One host counts for at most so many shared ones: whoever owns it must not hide what changes elsewhere. */
export function addChanges(counts: ScanCounts, host: string, changes: number): void {
  counts.changes += changes;
  counts.changedHosts++;
  counts.sharedChanges = (counts.sharedChanges ?? 0) + Math.min(changes, MOST_OF_A_HOST);
  if (changes > (counts.mostChanged?.changes ?? 0)) counts.mostChanged = { host, changes };
}

export function countsOf(row: BareRow | undefined): ScanCounts | undefined {
  return parsedAs(row?.['counts'], SCAN_COUNTS) as ScanCounts | undefined;
}

export function setupOf(row: BareRow): RunSetup {
  return (parsedAs(row['run'], RUN_SETUP) as RunSetup | undefined) ?? UNREADABLE;
}

/** The kind of a run: two runs are of one kind when they scanned the same targets and ports with the same options, wherever their output went. */
export function kindOf(setup: RunSetup): KindReach {
  const coverage = runCoverage({ ...setup, scaninfo: [] }, setup.lists);
  const { arguments: what, listsDown, listsUp, listsAnswersOnly } = coverage;
  const { profile, targets, excluded } = what;
  const ports = setup.scaninfo.map(({ type, protocol, services }) => [type, protocol, services]);
  return {
    kind: digest([setup.scanner ?? '', profile, JSON.stringify([targets, excluded, ports, listsDown, listsUp])]),
    profile: profileKey(coverage),
    listsHosts: listsUp && !listsAnswersOnly,
    reach: reachOf(coverage),
  };
}

/** A hash, so that its length does not depend on the input. */
export function profileKey({ arguments: { profile } }: RunCoverage): string {
  return digest([profile]);
}

export function reachOf({ arguments: { scope, targets } }: RunCoverage): KindReach['reach'] {
  return scope.known ? { ranges: scope.addresses.fewKeys(MOST_ROWS, WIDER_ROWS) } : { words: targets };
}
