import { batchOf } from '../sink/batch.ts';
import { ackGroupsOf, keysOf } from './ack-group.ts';
import { EARLIER_RUNS, type NewOwner } from './take-over.ts';

/** Moves the dead letters of a sink back to its spool, in batches of at most `maxEvents`. */
export function retryDeadLetters(owner: NewOwner, maxEvents: number): void {
  const { store, now } = owner;
  const { spool, deadLetters, ledger } = owner.tables;
  store.transaction(() => {
    for (let some = deadLetters.some(maxEvents); some.length > 0; some = deadLetters.some(maxEvents)) {
      const seq = owner.nextSeq();
      spool.append(seq, batchOf(some, some[0]?.partition ?? ''), { now, run: EARLIER_RUNS });
      ledger.noteSpooled(keysOf(ackGroupsOf(some)), seq);
      deadLetters.remove(some);
    }
  });
}
