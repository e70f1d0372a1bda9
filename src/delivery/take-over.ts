import type { Dataset } from '../event/event.ts';
import { batchOf } from '../sink/batch.ts';
import { Handover } from '../state/handover.ts';
import type { Queued } from '../state/queued.ts';
import type { SpooledBatch } from '../state/spool.ts';
import type { Store, WaitingSink } from '../state/store.ts';

export interface NewOwner extends WaitingSink {
  readonly store: Store;
  /** Epoch milliseconds. */
  readonly now: number;
  nextSeq(): number;
  /** The sink had so many of them already. */
  known(events: number): void;
}

/** What was read by a run before this. */
const EARLIER = 0;

/**
 * What waits for another sink of the same kind waits for this one from now on, in the same order. What this one has already does not,
 * and neither does what another process is about to send, or what the disk has damaged.
 */
export function takeOver(from: WaitingSink, to: NewOwner): void {
  const { spool } = from.tables;
  for (let next = spool.next(); next !== undefined; next = spool.next(next.seq)) if ('batch' in next) takeBatch(next, from, to);
  for (let next = spool.nextBehind(0); next !== undefined; next = spool.nextBehind(next.seq)) if ('batch' in next) takeBatch(next, from, to);
}

/** The same for its dead letters, at most so many in a batch. */
export function takeOverDead(from: WaitingSink, to: NewOwner, maxEvents: number): void {
  const { deadLetters } = from.tables;
  for (let some = deadLetters.some(maxEvents); some.length > 0; some = deadLetters.some(maxEvents)) {
    const letters = some;
    const known = to.store.transaction(() => {
      const had = take(letters, 0, from, to);
      deadLetters.lose(letters);
      return had;
    });
    to.known(known);
  }
}

function takeBatch({ seq, tries, batch }: SpooledBatch, from: WaitingSink, to: NewOwner): void {
  const known = to.store.transaction(() => {
    const had = take(batch.entries, tries, from, to);
    from.tables.spool.remove(seq);
    return had;
  });
  to.known(known);
}

/** Returns how many the new owner had already. */
function take(entries: readonly Queued[], tries: number, from: WaitingSink, to: NewOwner): number {
  const handover = new Handover(to.store.database, partyOf(from), partyOf(to));
  const fresh = entries.filter(({ ackGroup, dataset }) => ackGroup === undefined || !handover.isKnown(dataset, ackGroup.key));
  const [first] = fresh;
  if (first === undefined) return entries.length;
  const seq = to.nextSeq();
  to.tables.spool.append(seq, batchOf(fresh, first.partition), { now: to.now, run: EARLIER, tries });
  for (const [key, { dataset, events }] of countsOf(fresh)) {
    handover.add(dataset, key, events);
    to.tables.ledger.wait(key, seq);
  }
  return entries.length - fresh.length;
}

function partyOf({ identity, tables: { ledger } }: WaitingSink): ConstructorParameters<typeof Handover>[1] {
  return { identity, ledger };
}

function countsOf(entries: readonly Queued[]): ReadonlyMap<string, { readonly dataset: Dataset; readonly events: number }> {
  const counts = new Map<string, { readonly dataset: Dataset; readonly events: number }>();
  for (const { ackGroup, dataset } of entries)
    if (ackGroup !== undefined) counts.set(ackGroup.key, { dataset, events: (counts.get(ackGroup.key)?.events ?? 0) + 1 });
  return counts;
}
