import type { Database } from './database.ts';

/** Duration of a lease since it was last extended, longer than any request; it ends earlier when its holder has died. */
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

  /**
   * Takes or extends the lease; false while another live run has it. `elapsed` is the clock's, which all processes share: with the wall clock,
   * setting the time ahead by two minutes would take the lease from its holder. It is read with the state file locked, because a process that
   * waits for the lock would otherwise compare an old time.
   */
  take(elapsed: () => number): boolean {
    return this.database.quickly(() => this.takeAt(Math.round(elapsed())));
  }

  private takeAt(now: number): boolean {
    const taken = this.database.run(
      `INSERT INTO lease (sink, run, until) VALUES (?, ?, ?)
       ON CONFLICT (sink) DO UPDATE SET run = excluded.run, until = excluded.until
       WHERE run = excluded.run OR until NOT BETWEEN ? AND ? OR run NOT IN (SELECT id FROM run)`,
      this.sink,
      this.run,
      now + LEASE_MS,
      now,
      // An end far in the future is from before the machine was restarted, or by the wall clock, which older versions used.
      now + 2 * LEASE_MS,
    );
    return taken > 0;
  }

  release(): void {
    this.database.run('DELETE FROM lease WHERE sink = ? AND run = ?', this.sink, this.run);
  }
}
