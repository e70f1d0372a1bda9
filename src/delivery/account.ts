import { type Dataset, INVENTORY } from '../event/event.ts';
import type { EarlierFates } from '../state/earlier-events.ts';
import type { AckGroupFate } from '../state/ledger.ts';
import { newTally, type Tally } from '../state/tally.ts';
import type { Settlement } from './deliver.ts';

/**
 * What became of the events of one sink, law 1: the one place where that is counted. Each tally closes by itself: what was
 * read is delivered, already there, dead, spooled, or discarded.
 */
export class Account {
  /** Of the events that were read in this run. */
  readonly tally: Tally = newTally();
  /** Of portlog's own: events about this run, and records of the inventory. */
  readonly own: Tally = newTally();
  /** Of what earlier runs had left in the spool: counted as read when its fate is known. */
  readonly replayed: Tally = newTally();

  /** Of an event of this run; no batch mixes portlog's own events with others. */
  of(dataset: Dataset | undefined): Tally {
    return dataset === 'nmap.health' || dataset === INVENTORY ? this.own : this.tally;
  }

  read(tally: Tally, events: number): void {
    tally.read += events;
  }

  /** An earlier run has dealt with it, or will, from the spool. */
  known(tally: Tally, fate: AckGroupFate): void {
    if (fate === 'spooled') tally.spooled++;
    else tally.already++;
  }

  /** The sink has said what became of them; `dead`: dead letters among them that could be kept. */
  settled(tally: Tally, { delivered, already, restamped, removed }: Settlement, dead: number): void {
    tally.delivered += delivered;
    tally.already += already;
    tally.restamped += restamped;
    tally.removed += removed;
    tally.dead += dead;
  }

  /** What earlier runs had left for another sink was here already. */
  alreadyReplayed(events: number): void {
    this.replayed.read += events;
    this.replayed.already += events;
  }

  spooled(tally: Tally, events: number): void {
    tally.spooled += events;
  }

  /** Of what lies in the spool, so many have another fate now, which is counted by itself. */
  unspooled(tally: Tally, events: number): void {
    if (tally === this.replayed) tally.read += events;
    else tally.spooled -= events;
  }

  discarded(tally: Tally, events: number): void {
    tally.discarded += events;
  }

  /** Dead letters, counted as dead when they died, had to go: there are too many. */
  deadLettersGivenUp(events: number): void {
    this.replayed.read += events;
    this.replayed.discarded += events;
  }

  /** What this run had read, and found waiting since an earlier one, waits no more. */
  awaited({ own, already, dead, discarded }: EarlierFates): void {
    const tally = own ? this.own : this.tally;
    tally.spooled -= already + dead + discarded;
    tally.already += already;
    tally.dead += dead;
    tally.discarded += discarded;
  }
}
