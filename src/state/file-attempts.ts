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
  /** It is not tried again as it is. */
  readonly isAside: boolean;
}

interface Tried {
  readonly name: string;
  readonly version: string;
}

/** By its own number, and since when (epoch milliseconds). */
export interface ReadingProcess {
  readonly pid: number;
  readonly isAlive: IsAlive;
}

/** A machine that is switched off, or an impatient operator, looks the same as a file that is too much: only so many times. */
const MAX_DEATHS = 5;
/** Clocks of a machine differ a little before and after it asks others; more is a clock that was wrong. */
const CLOCK_SLACK_MS = 300_000;

/**
 * Which files of one directory are being read, by which process, and with which it did not go well. What is written down before a
 * file is read shows, when its reader has ended without a word, which one it was.
 */
export class FileAttempts {
  private readonly database: Database;
  private readonly directory: string;
  private readonly reader: ReadingProcess;
  /** What this one reads itself. */
  private readonly own = new Set<string>();

  constructor(database: Database, directory: string, reader: ReadingProcess) {
    this.database = database;
    this.directory = directory;
    this.reader = reader;
  }

  /** Returns those of the files that no other process reads; they are this one's now. */
  begin<F extends Tried>(files: readonly F[], site: string, now: number): readonly F[] {
    return this.database.transaction(() => {
      const free = files.filter(({ name }) => !this.isRead(name, now));
      for (const { name, version } of free)
        this.database.run(
          `INSERT INTO file_attempt (directory, name, site, version, pid, started, alone, deaths, told) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0)
           ON CONFLICT (directory, name) DO UPDATE SET pid = excluded.pid, started = excluded.started, alone = excluded.alone, site = excluded.site, words = NULL,
             deaths = iif(version = excluded.version, deaths, 0), problem = iif(version = excluded.version, problem, NULL), aside = NULL,
             told = iif(version = excluded.version, told, 0), version = excluded.version`,
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

  /** All went well with these. */
  end(files: readonly Tried[]): void {
    this.database.transaction(() => {
      for (const { name } of files) {
        this.own.delete(name);
        this.database.run('DELETE FROM file_attempt WHERE directory = ? AND name = ?', this.directory, name);
      }
    });
  }

  /** They were not shipped; without a `problem` that has nothing to do with the file. */
  fail({ name }: Tried, problem: string | undefined, isAside: boolean): void {
    this.own.delete(name);
    if (problem === undefined) this.database.run('UPDATE file_attempt SET pid = 0 WHERE directory = ? AND name = ?', this.directory, name);
    else
      this.database.run(
        `UPDATE file_attempt SET pid = 0, aside = ?, told = iif(problem IS ?, told, 0), problem = ? WHERE directory = ? AND name = ?`,
        isAside ? PORTLOG_VERSION : null,
        problem,
        problem,
        this.directory,
        name,
      );
  }

  /** Something went wrong while they were read together: each is tried alone from now on. */
  suspect(files: readonly Tried[]): void {
    this.database.transaction(() => {
      for (const { name } of files) this.own.delete(name);
      for (const { name } of files)
        this.database.run('UPDATE file_attempt SET pid = 0, deaths = deaths + 1 WHERE directory = ? AND name = ?', this.directory, name);
    });
  }

  /** Looks for files whose reader has ended without a word; returns those that are not tried again because of it. */
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
      // Whoever stopped it has said why (`watchdog`), or it happened too often.
      const why =
        alone === 1 && words !== null
          ? words
          : deaths + 1 >= MAX_DEATHS
            ? `portlog ended without a word ${deaths + 1} times while it read it`
            : undefined;
      if (why === undefined) continue;
      this.fail({ name, version: '' }, why, true);
      this.database.run('UPDATE file_attempt SET told = 0 WHERE directory = ? AND name = ?', this.directory, name);
      aside.push(`${name}: ${why}`);
    }
    return aside;
  }

  /** Whether it is set aside, or to be tried alone, as it is. */
  of({ name, version }: Tried): 'aside' | 'alone' | undefined {
    const row = this.database.get('SELECT version, deaths, aside FROM file_attempt WHERE directory = ? AND name = ?', this.directory, name);
    if (row === undefined || row['version'] !== version) return undefined;
    if (row['aside'] === PORTLOG_VERSION) return 'aside';
    return (row['deaths'] as number) > 0 ? 'alone' : undefined;
  }

  /** Forgets files that have gone. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const { name } of this.database.all('SELECT name FROM file_attempt WHERE directory = ? AND pid = 0', this.directory)) {
      if (!names.has(name as string)) this.end([{ name: name as string, version: '' }]);
    }
  }

  private isRead(name: string, now: number): boolean {
    const row = this.database.get('SELECT pid, started FROM file_attempt WHERE directory = ? AND name = ? AND pid <> 0', this.directory, name);
    return row !== undefined && this.isHeld(name, row['pid'] as number, row['started'] as number, now);
  }

  /** A time to come was written by a clock that was wrong: whoever has that number by now would count as its reader for ever. */
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

/** What was not shipped, in one directory or in all. */
export function failedFiles(database: Database, directory?: string): readonly FailedFile[] {
  const sql = 'SELECT directory, name, site, version, problem, aside, told FROM file_attempt WHERE problem IS NOT NULL AND pid = 0';
  const rows =
    directory === undefined ? database.all(`${sql} ORDER BY directory, name`) : database.all(`${sql} AND directory = ? ORDER BY name`, directory);
  return rows.map(failedFile);
}

/** Those that nobody was told of. */
export function unreportedFiles(database: Database): readonly FailedFile[] {
  return database
    .all('SELECT directory, name, site, version, problem, aside FROM file_attempt WHERE problem IS NOT NULL AND pid = 0 AND told = 0')
    .map(failedFile);
}

export function markReported(database: Database, { directory, name }: FailedFile): void {
  database.run('UPDATE file_attempt SET told = 1 WHERE directory = ? AND name = ?', directory, name);
}

/** Written down by the thread that is about to end process `pid`: why. */
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
