import { type Dataset, INVENTORY } from '../event/event.ts';
import type { Queued } from '../state/queued.ts';
import type { EarlierFates } from '../state/earlier-events.ts';
import type { AckGroupFate } from '../state/ledger.ts';
import { type CountingTally, newTally } from '../state/tally.ts';
import type { AnswerCounts } from './answered.ts';

/**
 * The account of one sink: the only place where events are counted. Each tally balances: read = delivered + already there +
 * dead + spooled + discarded.
 */
export class Account {
  /** Events read in this run. */
  readonly tally: CountingTally = newTally();
  /** portlog's own events: about this run, and inventory records. */
  readonly own: CountingTally = newTally();
  /** Events that earlier runs left in the spool, counted as read when their fate is known. */
  readonly replayed: CountingTally = newTally();

  /** The tally for a dataset; no batch mixes portlog's own events with others. */
  of(dataset: Dataset | undefined): CountingTally {
    return dataset === 'nmap.health' || dataset === INVENTORY ? this.own : this.tally;
  }

  read(tally: CountingTally, events: number): void {
    tally.read += events;
  }

  /** Counts an event that an earlier run has delivered, or that still waits in the spool. */
  known(tally: CountingTally, fate: AckGroupFate): void {
    if (fate === 'spooled') tally.spooled++;
    else tally.already++;
  }

  /** Counts the answer of a sink. `dead`: how many of the rejected events were kept as dead letters. */
  answered(tally: CountingTally, { delivered, already, restamped, removed }: AnswerCounts, dead: number): void {
    tally.delivered += delivered;
    tally.already += already;
    tally.restamped += restamped;
    tally.removed += removed;
    tally.dead += dead;
  }

  /** Counts events moved from another sink that this one had already. */
  alreadyReplayed(events: number): void {
    this.replayed.read += events;
    this.replayed.already += events;
  }

  spooled(tally: CountingTally, events: number): void {
    tally.spooled += events;
  }

  /** Events leave the spool; their fate is counted separately. */
  unspooled(tally: CountingTally, events: number): void {
    if (tally === this.replayed) tally.read += events;
    else tally.spooled -= events;
  }

  /** Counts a batch that can neither be delivered nor kept. */
  discardedBatch(entries: readonly Pick<Queued, 'dataset'>[]): void {
    this.discarded(this.of(entries[0]?.dataset), entries.length);
  }

  discarded(tally: CountingTally, events: number): void {
    tally.discarded += events;
  }

  /** Counts dead letters that were deleted because there were too many. */
  deadLettersDeleted(events: number): void {
    this.replayed.read += events;
    this.replayed.discarded += events;
  }

  /** Counts events of this run whose group waited in the spool since an earlier run, now that its fate is known. */
  earlier({ own, already, dead, discarded }: EarlierFates): void {
    const tally = own ? this.own : this.tally;
    tally.spooled -= already + dead + discarded;
    tally.already += already;
    tally.dead += dead;
    tally.discarded += discarded;
  }
}
