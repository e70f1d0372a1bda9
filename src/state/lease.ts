import type { Database } from './database.ts';

/** Longer than a request may take; who died in the middle of it is waited for so long. */
const LEASE_MS = 120_000;

/** The right to send what the spool holds for one sink: one process at a time, or the order would suffer. */
export class Lease {
  private readonly database: Database;
  private readonly sink: number;
  private readonly run: number;

  constructor(database: Database, sink: number, run: number) {
    this.database = database;
    this.sink = sink;
    this.run = run;
  }

  /** Takes or prolongs it; false while another run that still lives has it. */
  take(now: number): boolean {
    const taken = this.database.run(
      `INSERT INTO lease (sink, run, until) VALUES (?, ?, ?)
       ON CONFLICT (sink) DO UPDATE SET run = excluded.run, until = excluded.until
       WHERE run = excluded.run OR until NOT BETWEEN ? AND ? OR run NOT IN (SELECT id FROM run)`,
      this.sink,
      this.run,
      now + LEASE_MS,
      now,
      // One that ends later was given while the clock was ahead.
      now + LEASE_MS,
    );
    return taken > 0;
  }

  release(): void {
    this.database.run('DELETE FROM lease WHERE sink = ? AND run = ?', this.sink, this.run);
  }
}
