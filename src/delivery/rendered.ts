import type { BatchOf } from '../sink/batch.ts';
import type { Queued } from '../state/queued.ts';

/** Stands for an event that a thread has rendered: to be counted, its body is in that of the batch. */
const RENDERED: Queued = { id: '', dataset: 'nmap.port', time: 0, queued: 0, parts: [], bytes: 0, partition: '' };

/** Events that a thread has rendered, with the bodies of all of them; for a sink that discards what it cannot deliver. */
export function renderedBatch(events: number, body: Uint8Array): BatchOf<Queued> {
  return { partition: RENDERED.partition, entries: Array.from({ length: events }, () => RENDERED), bytes: body.length, body };
}
