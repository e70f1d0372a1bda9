import type { BatchOf } from '../sink/batch.ts';
import type { BatchLimits } from '../sink/sink.ts';
import type { Queued } from '../state/queued.ts';
import type { Tally } from '../state/tally.ts';
import { Batcher } from './batcher.ts';
import type { Admitted } from './intake.ts';
import type { QueuedBatch } from './queued-batch.ts';
import type { SinkPipeline } from './sink-pipeline.ts';

/** Events that are to be committed together before they are sent: nothing of them is counted yet. */
export interface Draft {
  readonly pipeline: SinkPipeline;
  readonly admitted: readonly Admitted[];
  readonly batches: readonly QueuedBatch[];
}

/** What is to be sent of these, in batches. A batch is counted as its first event is, so portlog's own events have batches of their own. */
export function batchesToSend(admitted: readonly Admitted[], own: Tally, limits: BatchLimits): readonly BatchOf<Queued>[] {
  const wanted = admitted.filter(({ fate, refused }) => fate === undefined && refused === undefined);
  return [wanted.filter(({ tally }) => tally !== own), wanted.filter(({ tally }) => tally === own)].flatMap((alike) => {
    const batcher = new Batcher<Queued>(limits);
    const full = alike.flatMap(({ entry }) => batcher.add(entry, 0) ?? []);
    return [...full, ...batcher.takeOlderThan(0)];
  });
}
