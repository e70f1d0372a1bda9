import { PORTLOG_VERSION } from '../event/context.ts';
import type { Database } from '../state/database.ts';

/** 30 days. */
const KEPT_MS = 2_592_000_000;

/** What of a watched directory was shipped. */
export interface SeenSummary {
  readonly files: number;
  /** Epoch milliseconds. */
  readonly last: number | undefined;
}

/** The files of one directory that were shipped, in the versions in which they were. */
export class SeenFiles {
  private readonly database: Database;
  private readonly directory: string;

  constructor(database: Database, directory: string) {
    this.database = database;
    this.directory = directory;
  }

  has(name: string, version: string): boolean {
    const row = this.database.get('SELECT version FROM seen_file WHERE directory = ? AND name = ?', this.directory, name);
    return row?.['version'] === version || row?.['version'] === failed(version);
  }

  /** One that a mistake of this version of portlog has ended: it is for the next one to try. */
  addFailed(file: { readonly name: string; readonly version: string }, now: number): void {
    this.add([{ name: file.name, version: failed(file.version) }], now);
  }

  add(files: readonly { readonly name: string; readonly version: string }[], now: number): void {
    this.database.transaction(() => {
      for (const { name, version } of files)
        this.database.run(
          'INSERT OR REPLACE INTO seen_file (directory, name, version, shipped) VALUES (?, ?, ?, ?)',
          this.directory,
          name,
          version,
          now,
        );
    });
  }

  /** Forgets files that have gone, but not at once: a share that is not mounted for a while looks like an empty directory. */
  keepOnly(names: ReadonlySet<string>, now: number): void {
    const gone = this.database
      .all('SELECT name FROM seen_file WHERE directory = ? AND shipped < ?', this.directory, now - KEPT_MS)
      .filter(({ name }) => !names.has(name as string));
    if (gone.length === 0) return;
    this.database.transaction(() => {
      for (const { name } of gone) this.database.run('DELETE FROM seen_file WHERE directory = ? AND name = ?', this.directory, name as string);
    });
  }

  summary(): SeenSummary {
    const row = this.database.get('SELECT count(*) AS files, max(shipped) AS last FROM seen_file WHERE directory = ?', this.directory);
    return { files: Number(row?.['files']), last: (row?.['last'] as number | null) ?? undefined };
  }
}

function failed(version: string): string {
  return `${version} failed with portlog ${PORTLOG_VERSION}`;
}
