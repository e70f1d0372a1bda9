import type { BatchOf } from '../sink/batch.ts';
import type { BatchLimits, Entry } from '../sink/sink.ts';

/** A batch that still takes entries; `since` when the first one came. */
interface OpenBatch<E extends Entry> {
  readonly entries: E[];
  bytes: number;
  readonly since: number;
}

/** Collects entries into batches: by partition, up to a count and a size, or until they have waited long enough. */
export class Batcher<E extends Entry> {
  private readonly limits: Pick<BatchLimits, 'maxEvents' | 'maxBytes'>;
  private readonly open = new Map<string, OpenBatch<E>>();

  constructor(limits: Pick<BatchLimits, 'maxEvents' | 'maxBytes'>) {
    this.limits = limits;
  }

  /** Takes an entry; returns the batch that is complete now, if any. An entry that is too large alone goes alone. */
  add(entry: E, now: number): BatchOf<E> | undefined {
    const { maxEvents, maxBytes } = this.limits;
    let current = this.open.get(entry.partition);
    const full = current !== undefined && current.bytes + entry.bytes > maxBytes ? this.take(entry.partition) : undefined;
    if (current === undefined || full !== undefined) {
      current = { entries: [], bytes: 0, since: now };
      this.open.set(entry.partition, current);
    }
    current.entries.push(entry);
    current.bytes += entry.bytes;
    return full ?? (current.entries.length >= maxEvents ? this.take(entry.partition) : undefined);
  }

  /** The batches whose first entry came at `time` or before. */
  takeOlderThan(time: number): readonly BatchOf<E>[] {
    const old = [...this.open].filter(([, { since }]) => since <= time);
    return old.map(([partition]) => this.take(partition) as BatchOf<E>);
  }

  private take(partition: string): BatchOf<E> | undefined {
    const batch = this.open.get(partition);
    this.open.delete(partition);
    return batch && { partition, entries: batch.entries, bytes: batch.bytes };
  }
}
