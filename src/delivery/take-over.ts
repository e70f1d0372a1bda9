import type { Dataset } from '../event/event.ts';
import { batchOf } from '../sink/batch.ts';
import { Handover } from '../state/handover.ts';
import type { Queued } from '../state/queued.ts';
import type { SpooledBatch } from '../state/spool.ts';
import type { Store, WaitingSink } from '../state/store.ts';
import { ackGroupsOf } from './ack-group.ts';

export interface NewOwner extends WaitingSink {
  readonly store: Store;
  /** Epoch milliseconds. */
  readonly now: number;
  nextSeq(): number;
  /** Counts events that the new sink had already. */
  known(events: number): void;
}

/** The run number of batches that come from earlier runs. */
export const EARLIER_RUNS = 0;

/**
 * Moves what waits for another sink of the same kind to this one, in the same order; with `maxDead`, its dead letters too, in batches of at
 * most that many. Events that this sink already has are not moved, nor those that another process is about to send, nor damaged batches.
 */
export function takeOver(from: WaitingSink, to: NewOwner, maxDead: number | undefined): void {
  const { spool, deadLetters } = from.tables;
  const handover = new Handover(to.store.database, partyOf(from), partyOf(to));
  const takeBatch = ({ seq, tries, batch }: SpooledBatch): void => {
    take(batch.entries, { handover, to, tries, leave: () => spool.remove(seq) });
  };
  for (let next = spool.next(); next !== undefined; next = spool.next(next.seq)) if ('batch' in next) takeBatch(next);
  for (let next = spool.nextBehind(0); next !== undefined; next = spool.nextBehind(next.seq)) if ('batch' in next) takeBatch(next);
  if (maxDead === undefined) return;
  for (let some = deadLetters.some(maxDead); some.length > 0; some = deadLetters.some(maxDead)) {
    const letters = some;
    take(letters, { handover, to, tries: 0, leave: () => deadLetters.lose(letters) });
  }
}

interface Move {
  readonly handover: Handover;
  readonly to: NewOwner;
  readonly tries: number;
  /** Deletes the entries at the sink that they come from. */
  readonly leave: () => void;
}

/** Moves some entries in one transaction. */
function take(entries: readonly Queued[], { handover, to, tries, leave }: Move): void {
  const known = to.store.transaction(() => {
    const there = to.tables.sentParts.of([...ackGroupsOf(entries)].map(({ key }) => key));
    const fresh = entries.filter((entry) => !isKnown(handover, entry) && there.get(entry.ackGroup?.key ?? '')?.has(entry.id) !== true);
    const [first] = fresh;
    if (first !== undefined) {
      const seq = to.nextSeq();
      to.tables.spool.append(seq, batchOf(fresh, first.partition), { now: to.now, run: EARLIER_RUNS, tries });
      for (const [key, { dataset, ids }] of groupsOf(fresh)) {
        handover.add(dataset, key, ids);
        to.tables.ledger.noteSpooled([key], seq);
      }
    }
    leave();
    return entries.length - fresh.length;
  });
  to.known(known);
}

function isKnown(handover: Handover, { ackGroup, dataset, id }: Queued): boolean {
  return ackGroup !== undefined && (handover.wasMoved(ackGroup.key, id) || handover.isKnown(dataset, ackGroup.key));
}

function partyOf({ identity, tables: { ledger } }: WaitingSink): ConstructorParameters<typeof Handover>[1] {
  return { identity, ledger };
}

function groupsOf(entries: readonly Queued[]): ReadonlyMap<string, { readonly dataset: Dataset; readonly ids: readonly string[] }> {
  const groups = new Map<string, { readonly dataset: Dataset; readonly ids: string[] }>();
  for (const { ackGroup, dataset, id } of entries) {
    if (ackGroup === undefined) continue;
    const group = groups.get(ackGroup.key);
    if (group === undefined) groups.set(ackGroup.key, { dataset, ids: [id] });
    else group.ids.push(id);
  }
  return groups;
}
