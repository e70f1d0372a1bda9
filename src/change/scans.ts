import type { Run } from '../nmap/model.ts';
import type { TargetLists } from './scope.ts';
import type { Database } from '../state/database.ts';
import { type RunCoverage, runCoverage } from './coverage.ts';

/** More scans than these are of no use for any question that is asked here. */
const KEPT_SCANS = 2000;

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
}

/** A run of nmap or masscan. Times are epoch milliseconds. */
export interface ScanRecord {
  readonly nr: number;
  readonly id: string;
  readonly started: number;
  ended: number;
  /** It said that it ended well. */
  complete: boolean;
  readonly setup: RunSetup;
  readonly coverage: RunCoverage;
  readonly counts: ScanCounts;
}

/** The runs of one site, the latest of them. */
export class KnownScans {
  private readonly database: Database;
  private readonly site: string;
  private known: ScanRecord[] | undefined;

  constructor(database: Database, site: string) {
    this.database = database;
    this.site = site;
  }

  /** A run that begins, or what is known of it from before. */
  begin(id: string, started: number, setup: RunSetup): ScanRecord {
    this.database.run(
      // The same run may have been cut in its header before.
      `INSERT INTO scan (site, id, started, ended, complete, run, counts) VALUES (?, ?, ?, ?, 0, ?, ?)
       ON CONFLICT (site, id) DO UPDATE SET run = excluded.run WHERE length(excluded.run) > length(run)`,
      this.site,
      id,
      started,
      started,
      JSON.stringify(setup),
      JSON.stringify({ firstHosts: 0, firstPorts: 0, firstFindings: 0, changes: 0, changedHosts: 0 } satisfies ScanCounts),
    );
    this.database.run('DELETE FROM scan WHERE site = ? AND nr <= (SELECT max(nr) FROM scan) - ?', this.site, KEPT_SCANS);
    return recordOf(this.database.get('SELECT * FROM scan WHERE site = ? AND id = ?', this.site, id) ?? {});
  }

  /** What it has changed so far, as another process may have noted. */
  refresh(record: ScanRecord): void {
    const counts = this.database.get('SELECT counts FROM scan WHERE nr = ?', record.nr)?.['counts'] as string | undefined;
    if (counts !== undefined) Object.assign(record.counts, JSON.parse(counts));
  }

  save(record: ScanRecord): void {
    const { nr, ended, complete, counts } = record;
    if (complete && this.known?.every((other) => other.nr !== nr) === true) this.known.push(record);
    this.database.run('UPDATE scan SET ended = ?, complete = ?, counts = ? WHERE nr = ?', ended, complete ? 1 : 0, JSON.stringify(counts), nr);
  }

  /** Complete runs, the latest first; those of another process may be missing. */
  complete(): readonly ScanRecord[] {
    this.known ??= this.database.all('SELECT * FROM scan WHERE site = ? AND complete = 1', this.site).map(recordOf);
    return this.known.sort((a, b) => b.started - a.started || b.nr - a.nr);
  }

  /** When the latest complete run ended. */
  lastEnd(): number | undefined {
    return (
      (this.database.get('SELECT max(ended) AS last FROM scan WHERE site = ? AND complete = 1', this.site)?.['last'] as number | null) ?? undefined
    );
  }

  /** nmap's arguments of the scan of a number; undefined when it told none, or is long forgotten. */
  argsOf(nr: number): string | undefined {
    const row = this.database.get('SELECT run FROM scan WHERE nr = ?', nr);
    return row && (JSON.parse(row['run'] as string) as RunSetup).args;
  }

  /** `nmap.scan.id` of a number; undefined when that scan is long forgotten. */
  idOf(nr: number): string | undefined {
    return this.database.get('SELECT id FROM scan WHERE nr = ?', nr)?.['id'] as string | undefined;
  }
}

function recordOf(row: Readonly<Record<string, unknown>>): ScanRecord {
  const setup = JSON.parse(row['run'] as string) as RunSetup;
  let coverage: RunCoverage | undefined;
  return {
    nr: row['nr'] as number,
    id: row['id'] as string,
    started: row['started'] as number,
    ended: row['ended'] as number,
    complete: row['complete'] === 1,
    setup,
    // Of two thousand old runs few are ever asked.
    get coverage() {
      coverage ??= runCoverage(setup, setup.lists);
      return coverage;
    },
    counts: JSON.parse(row['counts'] as string) as ScanCounts,
  };
}
