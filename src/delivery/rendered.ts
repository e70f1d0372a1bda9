import type { BatchOf } from '../sink/batch.ts';
import type { Queued } from '../state/queued.ts';

/** Placeholder for an event rendered by a thread: it is counted, and its body is in the body of the batch. */
const RENDERED: Queued = { id: '', dataset: 'nmap.port', time: 0, queued: 0, parts: [], bytes: 0, partition: '' };

/** A batch of events rendered by a thread, with their bodies; for a sink that discards what it cannot deliver. */
export function renderedBatch(events: number, body: Uint8Array): BatchOf<Queued> {
  return { partition: RENDERED.partition, entries: Array.from({ length: events }, () => RENDERED), bytes: body.length, body };
}
