import type { Database } from './database.ts';

/** Longer than any request; a process that died holds the lease for that long. */
export const LEASE_MS = 120_000;

/** The right to send the spool of one sink: one process at a time, to keep the order. */
export class Lease {
  private readonly database: Database;
  private readonly sink: number;
  private readonly run: number;

  constructor(database: Database, sink: number, run: number) {
    this.database = database;
    this.sink = sink;
    this.run = run;
  }

  /** Takes or extends it; false while another live run has it. */
  take(now: number): boolean {
    const taken = this.database.run(
      `INSERT INTO lease (sink, run, until) VALUES (?, ?, ?)
       ON CONFLICT (sink) DO UPDATE SET run = excluded.run, until = excluded.until
       WHERE run = excluded.run OR until NOT BETWEEN ? AND ? OR run NOT IN (SELECT id FROM run)`,
      this.sink,
      this.run,
      now + LEASE_MS,
      now,
      // A later end means that the clock was ahead.
      now + LEASE_MS,
    );
    return taken > 0;
  }

  release(): void {
    this.database.run('DELETE FROM lease WHERE sink = ? AND run = ?', this.sink, this.run);
  }
}
