import { PORTLOG_VERSION } from '../event/context.ts';
import type { IsAlive } from './runs.ts';
import type { Database } from './database.ts';

/** A file of a watched directory that was not shipped. */
export interface FailedFile {
  readonly directory: string;
  readonly name: string;
  readonly site: string;
  readonly version: string;
  readonly problem: string;
  /** Not retried until it changes. */
  readonly isAside: boolean;
}

interface Tried {
  readonly name: string;
  readonly version: string;
}

/** Process id, and since when it reads (epoch milliseconds). */
export interface ReadingProcess {
  readonly pid: number;
  readonly isAlive: IsAlive;
}

/** Deaths of a reader before its file is set aside: a power cut or `kill` looks the same as a file that is too much. */
const MAX_DEATHS = 5;
/** Tolerance for clock adjustments; a larger difference means that the clock was wrong. */
const CLOCK_SLACK_MS = 300_000;

/**
 * The files of a directory that are being read, with the process, and those that failed. Recorded before reading, so that
 * after a crash the file is known.
 */
export class FileAttempts {
  private readonly database: Database;
  private readonly directory: string;
  private readonly reader: ReadingProcess;
  /** Files that this process reads. */
  private readonly own = new Set<string>();

  constructor(database: Database, directory: string, reader: ReadingProcess) {
    this.database = database;
    this.directory = directory;
    this.reader = reader;
  }

  /** Claims files that no other process reads; returns them. */
  begin<F extends Tried>(files: readonly F[], site: string, now: number): readonly F[] {
    return this.database.transaction(() => {
      const free = files.filter(({ name }) => !this.isRead(name, now));
      for (const { name, version } of free)
        this.database.run(
          `INSERT INTO file_attempt (directory, name, site, version, pid, started, alone, deaths, announced) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0)
           ON CONFLICT (directory, name) DO UPDATE SET pid = excluded.pid, started = excluded.started, alone = excluded.alone, site = excluded.site, words = NULL,
             deaths = iif(version = excluded.version, deaths, 0), problem = iif(version = excluded.version, problem, NULL), aside = NULL,
             announced = iif(version = excluded.version, announced, 0), version = excluded.version`,
          this.directory,
          name,
          site,
          version,
          this.reader.pid,
          now,
          Number(free.length === 1),
        );
      for (const { name } of free) this.own.add(name);
      return free;
    });
  }

  /** These files were read without an error. `note` writes more in the same transaction. */
  end(files: readonly Tried[], note: () => void = () => undefined): void {
    this.database.transaction(() => {
      note();
      for (const { name } of files) {
        this.own.delete(name);
        this.database.run('DELETE FROM file_attempt WHERE directory = ? AND name = ?', this.directory, name);
      }
    });
  }

  /** Records a failure; without a `problem` when the file is not to blame. */
  fail({ name }: Tried, problem: string | undefined, isAside: boolean): void {
    this.own.delete(name);
    if (problem === undefined) this.database.run('UPDATE file_attempt SET pid = 0 WHERE directory = ? AND name = ?', this.directory, name);
    else
      this.database.run(
        `UPDATE file_attempt SET pid = 0, aside = ?, announced = iif(problem IS ?, announced, 0), problem = ? WHERE directory = ? AND name = ?`,
        isAside ? PORTLOG_VERSION : null,
        problem,
        problem,
        this.directory,
        name,
      );
  }

  /** An error occurred while these files were read together, so each is read alone from now on. */
  suspect(files: readonly Tried[]): void {
    this.database.transaction(() => {
      for (const { name } of files) this.own.delete(name);
      for (const { name } of files)
        this.database.run('UPDATE file_attempt SET pid = 0, deaths = deaths + 1 WHERE directory = ? AND name = ?', this.directory, name);
    });
  }

  /** Finds files whose reader died; returns those that are set aside because of it. */
  orphans(now: number): readonly string[] {
    const open = this.database.all(
      'SELECT name, pid, started, alone, deaths, words FROM file_attempt INDEXED BY file_attempt_read WHERE directory = ? AND pid <> 0',
      this.directory,
    );
    const aside: string[] = [];
    for (const row of open) {
      const { name, pid, started, alone, deaths, words } = row as unknown as Row;
      if (this.isHeld(name, pid, started, now)) continue;
      this.suspect([{ name, version: '' }]);
      // The watchdog recorded the reason, or it happened too often.
      const why =
        alone === 1 && words !== null
          ? words
          : deaths + 1 >= MAX_DEATHS
            ? `portlog ended unexpectedly ${deaths + 1} times while it read it`
            : undefined;
      if (why === undefined) continue;
      this.fail({ name, version: '' }, why, true);
      this.database.run('UPDATE file_attempt SET announced = 0 WHERE directory = ? AND name = ?', this.directory, name);
      aside.push(`${name}: ${why}`);
    }
    return aside;
  }

  /** Whether this version of the file is set aside, or is to be read alone. */
  of({ name, version }: Tried): 'aside' | 'alone' | undefined {
    const row = this.database.get('SELECT version, deaths, aside FROM file_attempt WHERE directory = ? AND name = ?', this.directory, name);
    if (row === undefined || row['version'] !== version) return undefined;
    if (row['aside'] === PORTLOG_VERSION) return 'aside';
    return (row['deaths'] as number) > 0 ? 'alone' : undefined;
  }

  /** Forgets files that no longer exist. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const { name } of this.database.all('SELECT name FROM file_attempt WHERE directory = ? AND pid = 0', this.directory)) {
      if (!names.has(name as string)) this.end([{ name: name as string, version: '' }]);
    }
  }

  private isRead(name: string, now: number): boolean {
    const row = this.database.get('SELECT pid, started FROM file_attempt WHERE directory = ? AND name = ? AND pid <> 0', this.directory, name);
    return row !== undefined && this.isHeld(name, row['pid'] as number, row['started'] as number, now);
  }

  /** A time in the future comes from a wrong clock; without this check, a later process with the same id would count as the reader for ever. */
  private isHeld(name: string, pid: number, started: number, now: number): boolean {
    if (pid === this.reader.pid && this.own.has(name)) return true;
    return started <= now + CLOCK_SLACK_MS && this.reader.isAlive(pid, started);
  }
}

interface Row {
  readonly name: string;
  readonly pid: number;
  readonly started: number;
  readonly alone: number;
  readonly deaths: number;
  readonly words: string | null;
}

/** Failed files, of one directory or all. */
export function failedFiles(database: Database, directory?: string): readonly FailedFile[] {
  const sql = 'SELECT directory, name, site, version, problem, aside, announced FROM file_attempt WHERE problem IS NOT NULL AND pid = 0';
  const rows =
    directory === undefined ? database.all(`${sql} ORDER BY directory, name`) : database.all(`${sql} AND directory = ? ORDER BY name`, directory);
  return rows.map(failedFile);
}

/** Failed files that were not reported yet. */
export function unreportedFiles(database: Database): readonly FailedFile[] {
  return database
    .all('SELECT directory, name, site, version, problem, aside FROM file_attempt WHERE problem IS NOT NULL AND pid = 0 AND announced = 0')
    .map(failedFile);
}

export function markReported(database: Database, { directory, name }: FailedFile): void {
  database.run('UPDATE file_attempt SET announced = 1 WHERE directory = ? AND name = ?', directory, name);
}

/** Records why the watchdog ends process `pid`. */
export function recordEndReason(database: Database, pid: number, why: string): void {
  database.run('UPDATE file_attempt SET words = ? WHERE pid = ?', why, pid);
}

function failedFile(row: Readonly<Record<string, unknown>>): FailedFile {
  const { directory, name, site, version, problem, aside } = row as unknown as {
    readonly directory: string;
    readonly name: string;
    readonly site: string;
    readonly version: string;
    readonly problem: string;
    readonly aside: string | null;
  };
  return { directory, name, site, version, problem, isAside: aside === PORTLOG_VERSION };
}
