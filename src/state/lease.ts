import type { Database } from './database.ts';

/** Longer than any request: so long it is the holder's from when it was taken last, unless it is known to be gone. */
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
   * Takes or extends it; false while another live run has it. `elapsed` is the clock's, which all processes share: by the wall clock, who set it on
   * by two minutes took it from who was sending. It is asked with the state file locked: who had to wait for that would compare an old time.
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
      // A much later end is from before the machine was started again, or by the wall clock, as older versions wrote it.
      now + 2 * LEASE_MS,
    );
    return taken > 0;
  }

  release(): void {
    this.database.run('DELETE FROM lease WHERE sink = ? AND run = ?', this.sink, this.run);
  }
}
