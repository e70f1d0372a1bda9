import type { Database } from './database.ts';

/**
 * Which run has which acknowledgement groups of one sink in hand: several that read the same scan at the same time send it once. Made
 * before anything of a group is sent, and given back when its fate is in the ledger; those of a run that is gone count no more.
 */
export class Claims {
  private readonly database: Database;
  private readonly sink: number;
  private readonly run: number;

  constructor(database: Database, sink: number, run: number) {
    this.database = database;
    this.sink = sink;
    this.run = run;
  }

  isOurs(key: string): boolean {
    return this.database.get('SELECT 1 FROM claim WHERE sink = ? AND unit = ? AND run = ?', this.sink, bytesOf(key), this.run) !== undefined;
  }

  /** False while another live run has it. */
  take(key: string): boolean {
    const taken = this.database.run(
      `INSERT INTO claim (sink, unit, run) VALUES (?, ?, ?)
       ON CONFLICT (sink, unit) DO UPDATE SET run = excluded.run WHERE run NOT IN (SELECT id FROM run)`,
      this.sink,
      bytesOf(key),
      this.run,
    );
    return taken > 0;
  }

  release(key: string): void {
    this.database.run('DELETE FROM claim WHERE sink = ? AND unit = ? AND run = ?', this.sink, bytesOf(key), this.run);
  }

  releaseAll(): void {
    this.database.run('DELETE FROM claim WHERE sink = ? AND run = ?', this.sink, this.run);
  }
}

function bytesOf(key: string): Buffer {
  return Buffer.from(key, 'hex');
}
