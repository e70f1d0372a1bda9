import type { Database } from './database.ts';

/** Since when unfinished files of a directory have been unchanged; stored because `--once` looks only once. */
export class UnfinishedFiles {
  private readonly database: Database;
  private readonly directory: string;

  constructor(database: Database, directory: string) {
    this.database = database;
    this.directory = directory;
  }

  since(name: string, version: string, now: number): number {
    const row = this.database.get('SELECT version, since FROM unfinished_file WHERE directory = ? AND name = ?', this.directory, name);
    // A time in the future comes from a wrong clock.
    if (row?.['version'] === version && (row['since'] as number) <= now) return row['since'] as number;
    this.database.run(
      'INSERT OR REPLACE INTO unfinished_file (directory, name, version, since) VALUES (?, ?, ?, ?)',
      this.directory,
      name,
      version,
      now,
    );
    return now;
  }

  keepOnly(names: ReadonlySet<string>): void {
    for (const { name } of this.database.all('SELECT name FROM unfinished_file WHERE directory = ?', this.directory)) {
      if (!names.has(name as string))
        this.database.run('DELETE FROM unfinished_file WHERE directory = ? AND name = ?', this.directory, name as string);
    }
  }
}

/** An unfinished file of a watched directory. */
export interface UnfinishedFile {
  readonly directory: string;
  readonly name: string;
  readonly version: string;
  /** Unchanged since then; epoch milliseconds. */
  readonly since: number;
}

/** Unfinished files at the last look. */
export function unfinishedFiles(database: Database): readonly UnfinishedFile[] {
  return database
    .all('SELECT directory, name, version, since FROM unfinished_file ORDER BY directory, since, name')
    .map((row) => row as unknown as UnfinishedFile);
}
