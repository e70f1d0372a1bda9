import type { BatchOf } from '../sink/batch.ts';
import type { BatchLimits } from '../sink/sink.ts';
import type { Queued } from '../state/queued.ts';
import type { Tally } from '../state/tally.ts';
import { AckGroup } from './ack-group.ts';
import { Batcher } from './batcher.ts';
import type { Admitted } from './intake.ts';
import type { QueuedBatch } from './queued-batch.ts';

/** Events for one sink that are committed together before they are sent. They are not counted yet. */
export interface Draft {
  readonly admitted: readonly Admitted[];
  readonly batches: readonly QueuedBatch[];
}

/** Batches of the events of a draft that are to be sent. A batch counts in one of the tallies only. */
export function batchesToSend(admitted: readonly Admitted[], tallies: readonly Tally[], limits: BatchLimits): readonly BatchOf<Queued>[] {
  const wanted = admitted.filter(({ fate, refused }) => fate === undefined && refused === undefined);
  return tallies.flatMap((tally) => {
    const batcher = new Batcher<Queued>(limits);
    const alike = wanted.filter((one) => one.tally === tally);
    const full = alike.flatMap(({ entry }) => batcher.add(entry, 0) ?? []);
    return [...full, ...batcher.takeOlderThan(0)];
  });
}

/** Undoes a draft whose transaction was rolled back, so that its events can be drafted again. */
export function undoDraft({ admitted }: Draft): void {
  for (const { entry } of admitted) if (entry.ackGroup instanceof AckGroup) entry.ackGroup.abandoned = true;
}
