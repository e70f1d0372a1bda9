import type { Clock } from '../core/clock.ts';
import { LEASE_MS } from '../state/lease.ts';
import type { SpoolWriter } from './spool-writer.ts';

/** So long nobody else takes a lease: what is behind it, one answer needs. */
const CERTAIN_MS = LEASE_MS / 2;

/** The lease of a sink's spool, as this process has it. */
export class HeldLease {
  private readonly spoolWriter: SpoolWriter;
  private readonly clock: Clock;
  /** By the clock's `elapsed`. */
  private takenAt = Number.NEGATIVE_INFINITY;

  constructor(spoolWriter: SpoolWriter, clock: Clock) {
    this.spoolWriter = spoolWriter;
    this.clock = clock;
  }

  /** Takes or extends it; false while another process has it. */
  take(): boolean {
    const { elapsed } = this.clock;
    const isOurs = this.spoolWriter.tables.lease.take(elapsed);
    if (isOurs) this.takenAt = elapsed();
    return isOurs;
  }

  /** Who was stopped, or has tried for long, asks before the next attempt whether another process has sent the batch meanwhile. */
  covers(seq: number): boolean {
    return this.clock.elapsed() < this.takenAt + CERTAIN_MS || (this.take() && this.spoolWriter.tables.spool.has(seq));
  }

  /** Another process may send what waits. */
  letGo(): void {
    try {
      this.spoolWriter.tables.lease.release();
    } catch (error) {
      this.spoolWriter.noteFailure(error);
    }
  }
}
