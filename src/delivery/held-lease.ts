import type { Clock } from '../core/clock.ts';
import { LEASE_MS } from '../state/lease.ts';
import type { SpoolWriter } from './spool-writer.ts';

/** Within this time the lease is certainly still ours, as the rest of it is enough for one answer. */
const CERTAIN_MS = LEASE_MS / 2;

/** The lease of a sink's spool that this process holds, so that only one process sends from it. */
export class HeldLease {
  private readonly spoolWriter: SpoolWriter;
  private readonly clock: Clock;
  /** When it was taken or extended, by the clock's `elapsed`. */
  private takenAt = Number.NEGATIVE_INFINITY;

  constructor(spoolWriter: SpoolWriter, clock: Clock) {
    this.spoolWriter = spoolWriter;
    this.clock = clock;
  }

  /** Takes or extends the lease; false while another process holds it. */
  acquire(): boolean {
    const { elapsed } = this.clock;
    const isOurs = this.spoolWriter.tables.lease.take(elapsed);
    if (isOurs) this.takenAt = elapsed();
    return isOurs;
  }

  /**
   * Whether this process may send a spooled batch. After a long pause or long attempts the lease may have expired, so it is taken again, and
   * the batch must still be in the spool.
   */
  covers(seq: number): boolean {
    return this.clock.elapsed() < this.takenAt + CERTAIN_MS || (this.acquire() && this.spoolWriter.tables.spool.has(seq));
  }

  /** Releases the lease. */
  release(): void {
    try {
      this.spoolWriter.tables.lease.release();
    } catch (error) {
      this.spoolWriter.noteFailure(error);
    }
  }
}
