import type { Clock } from '../clock.ts';
import { type Dataset, INVENTORY, type LogEvent } from '../event/event.ts';
import { mistake } from '../mistake.ts';
import type { Encoded, Refused, Sink, SinkError } from '../sink/sink.ts';
import { type BatchOf, batchOf } from '../sink/batch.ts';
import { Batcher } from './batch.ts';
import { deliver, type Settled, type Undelivered } from './deliver.ts';
import { Drain } from './drain.ts';
import { Keeper } from './keeper.ts';
import type { UnitFate } from './ledger.ts';
import { Outbound } from './outbound.ts';
import type { Parcel } from './parcel.ts';
import { renderedBatch } from './rendered.ts';
import { Signal } from './signal.ts';
import { SpoolRoom } from './spool-room.ts';
import type { Store } from './store.ts';
import { newTally, type Tally } from './tally.ts';
import { UnitCursor } from './unit-cursor.ts';
import type { Queued } from './queued.ts';
import { Units } from './units.ts';

export interface LaneOptions {
  readonly clock: Clock;
  /** Where what cannot be delivered is kept; a sink that discards it needs none. */
  readonly store: Store | undefined;
  /** How long a busy or failing sink is tried again, in milliseconds. */
  readonly retryForMs: number;
  /** Aborted: no more waiting, what cannot be sent at once is kept. */
  readonly signal: AbortSignal;
  /** Send what the ledger knows as delivered too. */
  readonly again?: boolean;
  /** Nothing more is read, and the end waits for this sink to work again. */
  readonly onWaiting?: ((sink: string) => void) | undefined;
}

/** Batches that may wait in memory behind those that are on their way. */
const MAX_QUEUED = 2;

/**
 * One sink with its queue, its pace and its account. As long as the sink works, batches go to it
 * directly. When it fails, or holds up a source longer than that can wait, the lane turns to the spool:
 * batches go to disk, a {@link Drain} sends them from there in order, and when nothing is left there
 * they go directly again.
 */
export class Lane {
  readonly sink: Sink;
  /** Of the events that were read in this run. */
  readonly tally: Tally = newTally();
  /** Of portlog's own: events about this run, and records of the inventory. */
  readonly own: Tally = newTally();
  /** Of what earlier runs had left in the spool. */
  readonly replayed: Tally = newTally();
  /** Why the sink does not work now; undefined again when it does. */
  failure: SinkError | undefined;
  /** Since when, by the clock's `elapsed`. */
  private failingSince: number | undefined;
  /** The server's reason for the first event that it rejected. */
  firstRejection: string | undefined;
  /** How long a full queue may hold up reading before it goes to disk, in milliseconds. */
  patienceMs = Number.POSITIVE_INFINITY;

  private readonly options: LaneOptions;
  private readonly batcher: Batcher<Queued>;
  private readonly units = new Units();
  private readonly keeper: Keeper | undefined;
  private readonly cursor: UnitCursor | undefined;
  private readonly drain: Drain | undefined;
  private readonly room: SpoolRoom | undefined;
  private readonly outbound: Outbound;
  private readonly changed: Signal;
  private takenEvents = 0;
  private readonly taken = (): number => this.takenEvents;

  constructor(sink: Sink, options: LaneOptions) {
    this.sink = sink;
    this.options = options;
    this.batcher = new Batcher(sink.limits);
    this.changed = new Signal(options.clock);
    this.outbound = new Outbound(sink.limits, (parcel) => this.send(parcel), this.changed);
    if (options.store === undefined || sink.undeliverable === 'discard') return;
    this.keeper = new Keeper(sink, options.store, options.clock, this.units, this);
    this.cursor = new UnitCursor(this.units, this.keeper.shelf.ledger, options.again === true);
    this.drain = new Drain(
      sink,
      this.keeper,
      { ...options, taken: this.taken },
      {
        took: (events) => void (this.takenEvents += events),
        idle: () => this.changed.until(() => this.outbound.sending === 0),
        succeeded: () => this.succeeded(),
        failed: (error) => this.failed(error),
        rejected: (reason) => void (this.firstRejection ??= reason),
        waiting: () => options.onWaiting?.(sink.name),
        stopped: () => this.changed.notify(),
      },
    );
    this.room = new SpoolRoom(this.keeper, this.drain, this.changed, options, this);
  }

  /** Turns to what earlier runs have left in the spool, if anything, or among the dead letters. */
  start(revive: boolean): void {
    if (revive) this.keeper?.revive(this.sink.limits);
    if (this.keeper?.expire() === true) this.drain?.start();
  }

  /** For how long the sink has not worked, in milliseconds; 0 when it does. */
  get failingForMs(): number {
    return this.failingSince === undefined ? 0 : this.options.clock.elapsed() - this.failingSince;
  }

  /** No event can be delivered or kept any more: reading for this sink has no use. */
  get isOver(): boolean {
    return this.failure?.kind === 'closed' || this.keeper?.fatal !== undefined;
  }

  /** The spool is full and nothing leaves it: reading must end. */
  get isStuck(): boolean {
    return this.keeper?.stuck ?? false;
  }

  get keeping(): Keeper | undefined {
    return this.keeper;
  }

  /** Takes an event. A promise means: wait for it before the next one. */
  push(event: LogEvent): Promise<void> | undefined {
    const entry = this.prepare(event);
    const batch = entry && this.batcher.add(entry, this.options.clock.elapsed());
    return batch && this.dispatch(this.parcel(batch));
  }

  /** Takes events that a thread has rendered. Resolves when nobody needs `body` any more. */
  async take(events: number, body: Uint8Array): Promise<void> {
    await this.flush();
    this.tally.read += events;
    await this.dispatch(this.parcel(renderedBatch(events, body)));
    await this.settle();
  }

  /**
   * An event as an entry that goes nowhere yet, or nothing when there is nothing to send; it is
   * counted as read. Portlog's own events have an account of their own.
   */
  private prepare(event: LogEvent): Queued | undefined {
    if (this.isStuck) {
      this.cursor?.abandon();
      return undefined;
    }
    if (!this.sink.accepts(event.dataset)) return undefined;
    const account = this.accountOf(event.dataset);
    account.read++;
    const fate = this.cursor?.moveTo(event.unit);
    if (fate !== undefined) return this.known(fate, event.unit, account);
    const encoded = this.encode(event);
    const { id, dataset, time } = event;
    const queued = this.options.clock.now();
    if (!('refused' in encoded)) return { id, dataset, time, queued, ...encoded, unit: this.units.enter() };
    const entry: Queued = { id, dataset, time, queued, parts: [], bytes: 0, partition: '', unit: this.units.enter() };
    this.record({ delivered: 0, already: 0, restamped: 0, removed: 0, done: [], rejected: [{ entry, reason: encoded.refused }] }, account);
    return undefined;
  }

  /** An event that a sink cannot put into words, by a mistake of ours, is not there for that sink; the others never notice. */
  private encode(event: LogEvent): Encoded | Refused {
    try {
      return this.sink.encode(event);
    } catch (error) {
      return { refused: mistake(`rendering it for ${this.sink.name}`, error).message };
    }
  }

  /** Batches of these events alone, which go nowhere yet; each event is a unit. */
  draft(events: readonly LogEvent[]): readonly Parcel[] {
    const isOwn = (event: LogEvent): boolean => this.accountOf(event.dataset) === this.own;
    // A batch is counted as its first event is.
    return [events.filter((event) => !isOwn(event)), events.filter(isOwn)].flatMap((alike) => this.draftAlike(alike));
  }

  private draftAlike(events: readonly LogEvent[]): readonly Parcel[] {
    const now = this.options.clock.elapsed();
    const batcher = new Batcher<Queued>(this.sink.limits);
    const full = events.flatMap((event) => {
      const entry = this.prepare(event);
      this.endUnit();
      return (entry && batcher.add(entry, now)) ?? [];
    });
    return [...full, ...batcher.takeOlderThan(now)].map((batch) => this.parcel(batch));
  }

  /** What was drafted is not to be announced after all. */
  withdraw({ batch }: Parcel): void {
    this.accountOf(batch.entries[0]?.dataset).read -= batch.entries.length;
  }

  private parcel(batch: BatchOf<Queued>): Parcel {
    return { seq: this.keeper?.nextSeq() ?? 0, batch, stored: false };
  }

  /** Puts a batch on its way. A promise means: wait for it before the next one. */
  dispatch(parcel: Parcel): Promise<void> | undefined {
    this.throwMistake();
    if (this.isDiscarding()) this.discard(parcel.batch.entries);
    else if (this.drain?.active === true) {
      this.keeper?.keep(parcel);
      return this.room?.wait();
    } else {
      this.outbound.add(parcel);
      if (this.outbound.queued > MAX_QUEUED) return this.waitForTurn();
    }
    return undefined;
  }

  /** Puts batches on their way: all, whatever the clock says, or those that have waited for so many milliseconds. */
  async flush(ageMs?: number): Promise<void> {
    const old = this.batcher.takeOlderThan(ageMs === undefined ? Number.POSITIVE_INFINITY : this.options.clock.elapsed() - ageMs);
    // All at once: a batch that is filled meanwhile must not overtake one of its partition.
    await Promise.all(old.map(async (batch) => this.dispatch(this.parcel(batch))));
  }

  /** No more events of the current unit will come. */
  endUnit(): void {
    this.cursor?.end();
  }

  /** The rest of the current unit will not come: shipped again, all of it goes again. */
  abandonUnit(): void {
    this.cursor?.abandon();
  }

  /** Sending fails by a mistake of ours, whatever is read. */
  get isBroken(): boolean {
    return this.outbound.mistake !== undefined;
  }

  /** Sends what is left and waits until it is with the sink, on disk, or given up. */
  async settle(): Promise<void> {
    this.endUnit();
    await this.flush();
    await this.changed.until(() => this.outbound.queued === 0 && this.outbound.sending === 0);
    this.throwMistake();
  }

  /** As {@link settle}, and waits for what is on disk as long as that has a use. */
  async finish(): Promise<void> {
    await this.settle();
    await this.drain?.finish();
    this.throwMistake();
    this.keeper?.conclude();
  }

  /** An earlier run has dealt with it, or will, from the spool. */
  private known(fate: UnitFate, unit: string, account: Tally): undefined {
    if (fate === 'spooled') this.keeper?.countWaiting(unit, account);
    else account.already++;
    return undefined;
  }

  private async send(parcel: Parcel): Promise<void> {
    const account = this.accountOf(parcel.batch.entries[0]?.dataset);
    const patience = { ...this.options, taken: this.taken };
    const left = await deliver(this.sink, parcel.batch, patience, (settled) => this.record(settled, account));
    if (parcel.stored) this.keeper?.update(parcel, left?.entries);
    if (left !== undefined) this.giveWay(parcel, left);
  }

  private record(settled: Settled<Queued>, account: Tally): void {
    this.firstRejection ??= settled.rejected[0]?.reason;
    this.takenEvents += settled.done.length;
    account.delivered += settled.delivered;
    account.already += settled.already;
    account.restamped += settled.restamped;
    account.removed += settled.removed;
    if (this.keeper === undefined) account.discarded += settled.rejected.length;
    else account.dead += this.keeper.settle(settled.done, settled.rejected);
  }

  /** The sink does not take it: what waits goes to disk, in order, and from there to the sink when it works again. */
  private giveWay(parcel: Parcel, { entries, error, refused }: Undelivered<Queued>): void {
    if (refused === true && this.keeper !== undefined) return this.keeper.keep({ ...parcel, batch: batchOf(entries, parcel.batch.partition) }, true);
    this.failed(error);
    if (this.drain === undefined) return this.discardAll(entries);
    this.keeper?.keep({ ...parcel, batch: batchOf(entries, parcel.batch.partition) });
    this.spill();
  }

  /** From memory to disk. */
  private spill(): void {
    for (const parcel of this.outbound.takeQueued()) this.keeper?.keep(parcel);
    this.drain?.start();
    this.changed.notify();
  }

  /** Of an event of this run; no batch mixes portlog's own events with others. */
  accountOf(dataset: Dataset | undefined): Tally {
    return dataset === 'nmap.health' || dataset === INVENTORY ? this.own : this.tally;
  }

  private failed(error: SinkError): void {
    this.failure = error;
    this.failingSince ??= this.options.clock.elapsed();
  }

  private succeeded(): void {
    this.failure = undefined;
    this.failingSince = undefined;
    this.changed.notify();
  }

  /** While sending in the background; thrown by the next call. */
  private throwMistake(): void {
    if (this.outbound.mistake !== undefined) throw this.outbound.mistake;
  }

  private isDiscarding(): boolean {
    return this.keeper === undefined && this.failure !== undefined;
  }

  private discardAll(entries: readonly Queued[]): void {
    this.discard(entries);
    for (const { batch } of this.outbound.takeQueued()) this.discard(batch.entries);
  }

  private discard(entries: readonly Queued[]): void {
    this.tally.discarded += entries.length;
  }

  /** Holds up reading while the queue is full, but not longer than the source can wait. */
  private async waitForTurn(): Promise<void> {
    const until = this.options.clock.elapsed() + this.patienceMs;
    while (this.outbound.queued > MAX_QUEUED) {
      const left = until - this.options.clock.elapsed();
      if (left <= 0 && this.drain !== undefined) return this.spill();
      await this.changed.within(left);
      this.throwMistake();
    }
  }
}
