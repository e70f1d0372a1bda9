import type { Batch, Entry } from './sink.ts';

/** A batch whose entries have more members than a sink uses. */
export interface BatchOf<E extends Entry> extends Batch {
  readonly entries: readonly E[];
}

export function batchOf<E extends Entry>(entries: readonly E[], partition: string): BatchOf<E> {
  return { partition, entries, bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0) };
}
