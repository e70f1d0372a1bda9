import type { Database } from './database.ts';

/** 30 days. */
const KEPT_MS = 2_592_000_000;
const HOUR_MS = 3_600_000;
/** A directory counts as watched for this long after the last look, which covers a weekly command. */
const WATCHED_MS = 8 * 24 * HOUR_MS;

/** Shipped files of a watched directory, in total. */
export interface SeenSummary {
  readonly files: number;
  /** Epoch milliseconds. */
  readonly last: number | undefined;
}

/** A version of a file that was shipped. `content`: digest of its content, if needed. */
export interface ShippedFile {
  readonly name: string;
  readonly version: string;
  readonly content?: string | undefined;
}

interface ShippedRow {
  readonly sink: string;
  readonly version: string;
  readonly content: string | null;
}

/** Shipped files of one directory, with their versions, and to which sinks (`sinkKey`): a sink that is added later gets them, too. */
export class SeenFiles {
  private readonly database: Database;
  private readonly directory: string;
  private looked = Number.NEGATIVE_INFINITY;

  constructor(database: Database, directory: string) {
    this.database = database;
    this.directory = directory;
  }

  /** The sinks that have not got this version of the file. */
  missing(name: string, version: string, sinks: readonly string[]): readonly string[] {
    const have = new Set(this.rowsOf(name).flatMap((row) => (row.version === version ? [row.sink] : [])));
    return have.size === 0 ? sinks : sinks.filter((sink) => !have.has(sink));
  }

  /** Digests of the content that these sinks have got, where one was noted. */
  contents(name: string, sinks: readonly string[]): ReadonlyMap<string, string> {
    const rows = this.rowsOf(name).filter(({ sink }) => sinks.includes(sink));
    return new Map(rows.flatMap(({ sink, content }) => (content === null ? [] : [[sink, content]])));
  }

  private rowsOf(name: string): readonly ShippedRow[] {
    const sql = 'SELECT sink, version, content FROM shipped_file WHERE directory = ? AND name = ?';
    return this.database.all(sql, this.directory, name) as unknown as readonly ShippedRow[];
  }

  add(files: readonly ShippedFile[], sinks: readonly string[], now: number): void {
    if (files.length === 0) return;
    this.database.transaction(() => {
      for (const { name, version, content } of files)
        for (const sink of sinks)
          this.database.run(
            'INSERT OR REPLACE INTO shipped_file (directory, name, sink, version, content, shipped) VALUES (?, ?, ?, ?, ?, ?)',
            this.directory,
            name,
            sink,
            version,
            content ?? null,
            now,
          );
    });
  }

  /** Notes, at most once an hour, that the directory is watched, whatever it contains. */
  noteLook(now: number): void {
    if (now - this.looked < HOUR_MS) return;
    this.looked = now;
    this.database.run('INSERT OR REPLACE INTO watched_directory (directory, looked) VALUES (?, ?)', this.directory, now);
  }

  /** Forgets deleted files after a while: an unmounted share looks like an empty directory. */
  keepOnly(names: ReadonlySet<string>, now: number): void {
    const gone = this.database
      .all('SELECT DISTINCT name FROM shipped_file WHERE directory = ? AND shipped < ?', this.directory, now - KEPT_MS)
      .filter(({ name }) => !names.has(name as string));
    if (gone.length === 0) return;
    this.database.transaction(() => {
      for (const { name } of gone) this.database.run('DELETE FROM shipped_file WHERE directory = ? AND name = ?', this.directory, name as string);
    });
  }

  summary(): SeenSummary {
    const row = this.database.get('SELECT count(DISTINCT name) AS files, max(shipped) AS last FROM shipped_file WHERE directory = ?', this.directory);
    return { files: Number(row?.['files']), last: (row?.['last'] as number | null) ?? undefined };
  }
}

/** Directories from which something was shipped, or that were watched recently. */
export function seenDirectories(database: Database, now: number): readonly string[] {
  const shipped = database.all('SELECT DISTINCT directory FROM shipped_file');
  const watched = database.all('SELECT directory FROM watched_directory WHERE looked >= ?', now - WATCHED_MS);
  return [...new Set([...shipped, ...watched].map(({ directory }) => directory as string))].sort();
}

/** The key of a destination in the state file. */
export function sinkKey({ type, target, scope }: { readonly type: string; readonly target: string; readonly scope: string }): string {
  return `${type} ${target} ${scope}`;
}
