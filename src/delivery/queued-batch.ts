import type { BatchLimits } from '../sink/sink.ts';
import type { BatchOf } from '../sink/batch.ts';
import type { Queued } from '../state/queued.ts';

/** A batch with its number in the order of its sink. */
export interface QueuedBatch {
  readonly seq: number;
  readonly batch: BatchOf<Queued>;
  /** It is in the spool already, because it was committed with the outbox. */
  readonly stored: boolean;
}

/** Whether a batch may be sent at the same time as those in flight: within the limits per partition, and close enough in time. */
export function mayJoin({ batch }: QueuedBatch, inFlight: readonly QueuedBatch[], { inFlightPerPartition, unorderedWithinMs }: BatchLimits): boolean {
  const others = inFlight.filter((other) => other.batch.partition === batch.partition);
  if (others.length === 0) return true;
  if (others.length >= inFlightPerPartition) return false;
  return unorderedWithinMs === undefined || spanOf([batch, ...others.map((other) => other.batch)]) <= unorderedWithinMs;
}

function spanOf(batches: readonly BatchOf<Queued>[]): number {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { entries } of batches) {
    for (const { time } of entries) {
      first = Math.min(first, time);
      last = Math.max(last, time);
    }
  }
  return last - first;
}
