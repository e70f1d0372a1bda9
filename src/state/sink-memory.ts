import type { SinkMemory } from '../sink/sink.ts';
import type { Database } from './database.ts';

/** Data of one sink that its next run needs. */
export class StoredMemory implements SinkMemory {
  private readonly database: Database;
  private readonly sink: number;

  constructor(database: Database, sink: number) {
    this.database = database;
    this.sink = sink;
  }

  get(name: string): string | undefined {
    return this.database.get('SELECT text FROM sink_memory WHERE sink = ? AND name = ?', this.sink, name)?.['text'] as string | undefined;
  }

  put(name: string, text: string): void {
    this.database.run('INSERT OR REPLACE INTO sink_memory (sink, name, text) VALUES (?, ?, ?)', this.sink, name, text);
  }

  remove(name: string): void {
    this.database.run('DELETE FROM sink_memory WHERE sink = ? AND name = ?', this.sink, name);
  }

  all(prefix: string): readonly (readonly [name: string, text: string])[] {
    // No name contains the last Unicode character, so only names with this prefix are read.
    const sql = 'SELECT name, text FROM sink_memory WHERE sink = ? AND name >= ? AND name < ? || char(1114111) ORDER BY name';
    return this.database.all(sql, this.sink, prefix, prefix).map(({ name, text }) => [name as string, text as string]);
  }

  transaction<T>(work: () => T): T {
    return this.database.transaction(work);
  }

  wakeAt(time: number | undefined): void {
    if (time === undefined) this.database.run('DELETE FROM sink_upkeep WHERE sink = ?', this.sink);
    else this.database.run('INSERT OR REPLACE INTO sink_upkeep (sink, due) VALUES (?, ?)', this.sink, Math.round(time));
  }
}

/** The stored data of all sinks of a type. */
export function memoriesOf(database: Database, type: string): readonly SinkMemory[] {
  return database.all('SELECT id FROM sink WHERE type = ?', type).map(({ id }) => new StoredMemory(database, id as number));
}

/** Whether a renewal for one of these sinks (`sinkKey`) is due. */
export function isRenewalDue(database: Database, sinks: readonly string[], now: number): boolean {
  const sql = `SELECT 1 FROM sink_upkeep JOIN sink ON sink.id = sink_upkeep.sink WHERE due <= ? AND type || ' ' || target || ' ' || scope = ?`;
  return sinks.some((key) => database.get(sql, now, key) !== undefined);
}
