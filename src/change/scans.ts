import { digest } from '../event/id.ts';
import { AHEAD_MS } from '../event/time.ts';
import type { Unread } from '../nmap/item.ts';
import type { Run } from '../nmap/model.ts';
import type { TargetLists } from '../nmap/target-lists.ts';
import type { Database } from '../state/database.ts';
import { parsedAs } from '../core/shape.ts';
import { type RunCoverage, runCoverage } from './coverage.ts';
import { RUN_SETUP, SCAN_COUNTS } from '../state/known-shape.ts';

/** Of a kind of runs, besides the first complete one: what confirms, repeats or follows is among the latest. */
const KEPT_OF_A_KIND = 100;
/** Of a site, of which the first and the latest of each kind come before all others. */
const KEPT_RUNS = 5000;
/** So seldom is looked after them. */
const PRUNE_EVERY = 64;
/** Ranges of addresses that the runs of a site may take to compare with; those of older runs count as not known. */
const MAX_RANGES = 500_000;

/** What a run was set up to do, as far as coverage is read from it; `args` with secrets masked. */
export interface RunSetup extends Pick<Run, 'scanner' | 'args' | 'verbose' | 'scaninfo'> {
  /** What the files of its arguments held, when portlog ran it. */
  readonly lists?: TargetLists | undefined;
}

/** What a run has changed, and how much of that was told. */
export interface ScanCounts {
  firstHosts: number;
  firstPorts: number;
  firstFindings: number;
  changes: number;
  changedHosts: number;
  /** Hosts as nmap counted them at its end. */
  total?: number | undefined;
  toldFirst?: number;
  toldChanges?: number;
  toldShrank?: boolean;
  toldUnlisted?: boolean;
  /** Hosts that it lists and that could not be read. */
  unread?: Unread | undefined;
  /** It told no time that can be: its times are those of its first reading (true), or those that its hosts tell. */
  held?: boolean;
}

/** A run of nmap or masscan. Times are epoch milliseconds. */
export interface ScanRecord {
  readonly nr: number;
  readonly id: string;
  started: number;
  ended: number;
  /** It said that it ended well. */
  complete: boolean;
  /** Runs of the same kind look at the same in the same way. */
  readonly kind: string;
  readonly setup: RunSetup;
  readonly coverage: RunCoverage;
  readonly counts: ScanCounts;
}

/**
 * The runs of one site, as far as comparing needs them: of each kind the first, by which a host is known to
 * be new, and the latest ones. How often a scan is shipped, and what other sites do, takes nothing away.
 */
export class KnownScans {
  private readonly database: Database;
  private readonly site: string;
  private readonly coverages = new Map<string, RunCoverage>();
  private ranges = 0;
  private known: ScanRecord[] | undefined;

  constructor(database: Database, site: string) {
    this.database = database;
    this.site = site;
  }

  /** A run that begins, or what is known of it from before. */
  begin(id: string, started: number, setup: RunSetup): ScanRecord {
    const before = this.row(id);
    if (before === undefined) this.insert(id, started, setup);
    // The same run may have been cut in its header before, or the disk has changed it.
    else
      this.database.run(
        'UPDATE scan SET run = ?, kind = ? WHERE nr = ? AND length(run) < ?',
        JSON.stringify(setup),
        kindOf(setup),
        before['nr'] as number,
        setupOf(before) === UNREADABLE ? Number.MAX_SAFE_INTEGER : JSON.stringify(setup).length,
      );
    return this.recordOf(this.row(id) ?? {});
  }

  /** What it has changed so far, as another process may have noted. */
  refresh(record: ScanRecord): void {
    Object.assign(
      record.counts,
      parsedAs(this.database.get('SELECT counts FROM scan WHERE nr = ?', record.nr)?.['counts'], SCAN_COUNTS) as ScanCounts | undefined,
    );
  }

  save(record: ScanRecord): void {
    const { nr, started, ended, complete, counts } = record;
    if (complete && this.known?.every((other) => other.nr !== nr) === true) this.known.push(record);
    this.database.run(
      'UPDATE scan SET started = min(started, ?), ended = ?, complete = ?, counts = ? WHERE nr = ?',
      started,
      ended,
      complete ? 1 : 0,
      JSON.stringify(counts),
      nr,
    );
  }

  /** Complete runs, the latest first; those of another process may be missing. */
  complete(): readonly ScanRecord[] {
    this.known ??= this.database.all('SELECT * FROM scan WHERE site = ? AND complete = 1', this.site).map((row) => this.recordOf(row));
    return this.known.sort((a, b) => b.started - a.started || b.nr - a.nr);
  }

  /** When the latest complete run ended; one that is ahead of our clock says nothing about it. */
  lastEnd(now: number): number | undefined {
    const row = this.database.get('SELECT max(ended) AS last FROM scan WHERE site = ? AND complete = 1 AND ended <= ?', this.site, now + AHEAD_MS);
    return (row?.['last'] as number | null) ?? undefined;
  }

  /** When the latest run began, complete or not; one that is ahead of our clock says nothing about it. */
  lastStart(now: number): number | undefined {
    const row = this.database.get('SELECT max(started) AS last FROM scan WHERE site = ? AND started <= ?', this.site, now + AHEAD_MS);
    return (row?.['last'] as number | null) ?? undefined;
  }

  /** The latest time of any run that is not ahead of our clock. */
  latestTime(now: number): number {
    const row = this.database.get(
      'SELECT max(max(started, ended)) AS last FROM scan WHERE site = ? AND max(started, ended) <= ?',
      this.site,
      now + AHEAD_MS,
    );
    return (row?.['last'] as number | null) ?? 0;
  }

  /** Runs that are ahead of our clock are taken to have been at `time`. */
  heal(now: number, time: number): void {
    const ahead = this.database.run(
      'UPDATE scan SET started = min(started, ?), ended = min(ended, ?) WHERE site = ? AND max(started, ended) > ?',
      time,
      time,
      this.site,
      now + AHEAD_MS,
    );
    if (ahead > 0) this.known = undefined;
  }

  /** Runs that told no time that can be, and were read later than `time`. */
  heldAfter(time: number): readonly { readonly nr: number; readonly started: number }[] {
    return this.database
      .all(`SELECT nr, started FROM scan WHERE site = ? AND started > ? AND ${HELD} = 1`, this.site, time)
      .map(({ nr, started }) => ({ nr: nr as number, started: started as number }));
  }

  /** The latest time of a run that told its times. */
  latestTold(): number {
    const row = this.database.get(`SELECT max(max(started, ended)) AS last FROM scan WHERE site = ? AND ${HELD} IS NOT 1`, this.site);
    return (row?.['last'] as number | null) ?? 0;
  }

  move(nr: number, time: number): void {
    this.known = undefined;
    this.database.run('UPDATE scan SET started = min(started, ?), ended = ? WHERE nr = ?', time, time, nr);
  }

  /** nmap's arguments of the scan of a number; undefined when it told none, or is long forgotten. */
  argsOf(nr: number): string | undefined {
    const row = this.database.get('SELECT run FROM scan WHERE nr = ?', nr);
    return row && setupOf(row).args;
  }

  /** `nmap`, `masscan`: of the scan of a number; undefined when it told none, or is long forgotten. */
  scannerOf(nr: number): string | undefined {
    const row = this.database.get('SELECT run FROM scan WHERE nr = ?', nr);
    return row && setupOf(row).scanner;
  }

  /** `nmap.scan.id` of a number; undefined when that scan is long forgotten. */
  idOf(nr: number): string | undefined {
    return this.database.get('SELECT id FROM scan WHERE nr = ?', nr)?.['id'] as string | undefined;
  }

  private row(id: string): Readonly<Record<string, unknown>> | undefined {
    return this.database.get('SELECT * FROM scan WHERE site = ? AND id = ?', this.site, id);
  }

  private insert(id: string, started: number, setup: RunSetup): void {
    this.database.run(
      'INSERT INTO scan (site, id, started, ended, complete, run, counts, kind) VALUES (?, ?, ?, ?, 0, ?, ?, ?)',
      this.site,
      id,
      started,
      started,
      JSON.stringify(setup),
      JSON.stringify(NO_COUNTS),
      kindOf(setup),
    );
    const nr = this.row(id)?.['nr'] as number;
    if (nr % PRUNE_EVERY === 0) this.prune(nr);
  }

  /** Forgets what no comparison needs, but not the run that begins. */
  private prune(nr: number): void {
    this.known = undefined;
    const old = this.database.all("SELECT nr, run FROM scan WHERE site = ? AND kind = ''", this.site);
    for (const row of old) this.database.run('UPDATE scan SET kind = ? WHERE nr = ?', kindOf(setupOf(row)), row['nr'] as number);
    this.database.run(
      `DELETE FROM scan WHERE site = ? AND nr <> ? AND nr NOT IN (
         SELECT nr FROM (
           SELECT nr, started,
             row_number() OVER (PARTITION BY kind, complete ORDER BY started DESC, nr DESC) AS newer,
             row_number() OVER (PARTITION BY kind, complete ORDER BY started, nr) AS older
           FROM scan WHERE site = ?)
         WHERE newer <= ? OR older = 1
         ORDER BY min(newer, older) > 1, started DESC LIMIT ?)`,
      this.site,
      nr,
      this.site,
      KEPT_OF_A_KIND,
      KEPT_RUNS,
    );
  }

  /** Taken apart when it is asked for: of thousands of old runs few ever are. */
  private recordOf(row: Readonly<Record<string, unknown>>): ScanRecord {
    let setup: RunSetup | undefined;
    let coverage: RunCoverage | undefined;
    const counts = (parsedAs(row['counts'], SCAN_COUNTS) as ScanCounts | undefined) ?? { ...NO_COUNTS };
    const { coverageOf } = this;
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
        // Each run is compared with thousands: looking it up costs more than comparing.
        coverage ??= coverageOf(this.kind === '' || this.setup === UNREADABLE ? String(row['run']) : this.kind, this.setup);
        return coverage;
      },
      counts,
    };
  }

  /** The runs of a kind share it. */
  private readonly coverageOf = (kind: string, setup: RunSetup): RunCoverage => {
    const kept = this.coverages.get(kind);
    if (kept !== undefined) return kept;
    const coverage = this.ranges < MAX_RANGES ? runCoverage(setup, setup.lists) : runCoverage({ ...setup, args: undefined });
    const { scope } = coverage.arguments;
    this.ranges += scope.known ? scope.addresses.ranges : 0;
    this.coverages.set(kind, coverage);
    return coverage;
  };
}

/** Null or 0 when it is not so, and of what the disk has changed. */
const HELD = "CASE WHEN json_valid(counts) THEN json_extract(counts, '$.held') END";
const NO_COUNTS: Readonly<ScanCounts> = { firstHosts: 0, firstPorts: 0, firstFindings: 0, changes: 0, changedHosts: 0 };

/** Of a run that the disk has changed nobody knows what it looked at: nothing is compared with it. */
const UNREADABLE: RunSetup = { scanner: undefined, args: undefined, verbose: undefined, scaninfo: [] };

function setupOf(row: Readonly<Record<string, unknown>>): RunSetup {
  return (parsedAs(row['run'], RUN_SETUP) as RunSetup | undefined) ?? UNREADABLE;
}

/** Two runs of a kind looked at the same targets and ports with the same options, wherever their output went. */
function kindOf(setup: RunSetup): string {
  const { arguments: what, listsDown, listsUp } = runCoverage({ ...setup, scaninfo: [] }, setup.lists);
  const { profile, targets, excluded } = what;
  const ports = setup.scaninfo.map(({ type, protocol, services }) => [type, protocol, services]);
  return digest([setup.scanner ?? '', profile, JSON.stringify([targets, excluded, ports, listsDown, listsUp])]);
}
