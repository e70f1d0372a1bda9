import { type Dataset, INVENTORY } from '../event/event.ts';
import type { Queued } from '../state/queued.ts';
import type { EarlierFates } from '../state/earlier-events.ts';
import type { AckGroupFate } from '../state/ledger.ts';
import { type CountingTally, newTally, type Tally } from '../state/tally.ts';
import type { AnswerCounts } from './answered.ts';
import { noneGivenUp } from './given-up.ts';

/**
 * The account of one sink: the only place where events are counted. Each tally balances: read = delivered + already there +
 * dead + spooled + discarded.
 */
export class Account {
  /** Events read in this run. */
  readonly tally: CountingTally = newTally();
  /** portlog's own events about this run, and inventory records. */
  readonly health: CountingTally = newTally();
  readonly inventory: CountingTally = newTally();
  /** Events that earlier runs left in the spool, counted as read when their fate is known. */
  readonly replayed: CountingTally = newTally();
  /** Why events of any of them were discarded. */
  readonly givenUp = noneGivenUp();

  /** The tallies of this run. */
  get ofThisRun(): readonly CountingTally[] {
    return [this.tally, this.health, this.inventory];
  }

  /** portlog's own events: about this run, and inventory records. */
  get own(): Tally {
    const sum = newTally();
    for (const tally of [this.health, this.inventory]) for (const fate of Object.keys(sum) as (keyof Tally)[]) sum[fate] += tally[fate];
    return sum;
  }

  /** The tally for a dataset; no batch mixes events of several. */
  of(dataset: Dataset | undefined): CountingTally {
    if (dataset === 'nmap.health') return this.health;
    return dataset === INVENTORY ? this.inventory : this.tally;
  }

  /** The number of a tally of this run, see {@link earlier}. */
  numberOf(tally: Tally): number {
    return this.ofThisRun.findIndex((one) => one === tally);
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
    this.givenUp.dead += events;
  }

  /** Counts events of this run whose group waited in the spool since an earlier run, now that its fate is known. */
  earlier({ account, already, dead, discarded }: EarlierFates): void {
    const tally = this.ofThisRun[account] ?? this.tally;
    tally.spooled -= already + dead + discarded;
    tally.already += already;
    tally.dead += dead;
    tally.discarded += discarded;
    this.countOnce('dead', dead);
    this.countOnce('discarded', discarded);
  }

  /** Events that were read again in this run count here, and not also among those of earlier runs. Another process may have counted them. */
  private countOnce(fate: 'dead' | 'discarded', events: number): void {
    const here = Math.min(events, this.replayed[fate]);
    this.replayed[fate] -= here;
    this.replayed.read -= here;
  }
}
