import type { Database } from './database.ts';

/** Since when unfinished files of a directory have been unchanged; stored because `--once` looks only once. */
export class UnfinishedFiles {
  private readonly database: Database;
  private readonly directory: string;
  /** Of this look: what was stored before it, and what is to be stored. */
  private known: ReadonlyMap<string, Pick<UnfinishedFile, 'version' | 'since'>> | undefined;
  private fresh: Pick<UnfinishedFile, 'name' | 'version' | 'since'>[] = [];

  constructor(database: Database, directory: string) {
    this.database = database;
    this.directory = directory;
  }

  since(name: string, version: string, now: number): number {
    this.known ??= this.stored();
    const known = this.known.get(name);
    // A time in the future comes from a wrong clock.
    if (known?.version === version && known.since <= now) return known.since;
    this.fresh.push({ name, version, since: now });
    return now;
  }

  /** The end of a look: stores all of it at once, because there may be a hundred thousand files. */
  keepOnly(names: ReadonlySet<string>): void {
    const { directory, database, fresh } = this;
    const gone = [...(this.known ?? this.stored()).keys()].filter((name) => !names.has(name));
    this.known = undefined;
    this.fresh = [];
    if (gone.length + fresh.length === 0) return;
    database.transaction(() => {
      for (const name of gone) database.run('DELETE FROM unfinished_file WHERE directory = ? AND name = ?', directory, name);
      for (const { name, version, since } of fresh)
        database.run('INSERT OR REPLACE INTO unfinished_file (directory, name, version, since) VALUES (?, ?, ?, ?)', directory, name, version, since);
    });
  }

  private stored(): ReadonlyMap<string, Pick<UnfinishedFile, 'version' | 'since'>> {
    const rows = this.database.all('SELECT name, version, since FROM unfinished_file WHERE directory = ?', this.directory);
    return new Map((rows as unknown as readonly UnfinishedFile[]).map(({ name, version, since }) => [name, { version, since }]));
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
