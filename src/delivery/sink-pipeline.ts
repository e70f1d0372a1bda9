import type { Clock } from '../core/clock.ts';
import { type Dataset, INVENTORY, type LogEvent } from '../event/event.ts';
import { mistake } from '../core/mistake.ts';
import type { Encoded, Refused, Sink, SinkError } from '../sink/sink.ts';
import { type BatchOf, batchOf } from '../sink/batch.ts';
import { Batcher } from './batcher.ts';
import { deliver, type Settled, type Undelivered } from './deliver.ts';
import { SpoolReader } from './spool-reader.ts';
import { SpoolWriter } from './spool-writer.ts';
import type { AckGroupFate } from '../state/ledger.ts';
import { SendQueue } from './send-queue.ts';
import type { QueuedBatch } from './queued-batch.ts';
import { renderedBatch } from './rendered.ts';
import { Condition } from './condition.ts';
import { SpoolRoom } from './spool-room.ts';
import type { Store } from '../state/store.ts';
import { newTally, type Tally } from '../state/tally.ts';
import { AckGroupCursor } from './ack-group-cursor.ts';
import type { Queued } from '../state/queued.ts';
import { AckGroups } from './ack-group.ts';

export interface SinkPipelineOptions {
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
 * directly. When it fails, or holds up a source longer than that can wait, the pipeline turns to the spool:
 * batches go to disk, a {@link SpoolReader} sends them from there in order, and when nothing is left there
 * they go directly again.
 */
export class SinkPipeline {
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

  private readonly options: SinkPipelineOptions;
  private readonly batcher: Batcher<Queued>;
  private readonly units = new AckGroups();
  readonly spoolWriter: SpoolWriter | undefined;
  private readonly cursor: AckGroupCursor | undefined;
  private readonly spoolReader: SpoolReader | undefined;
  private readonly room: SpoolRoom | undefined;
  private readonly sendQueue: SendQueue;
  private readonly changed: Condition;
  private takenEvents = 0;
  private readonly taken = (): number => this.takenEvents;

  constructor(sink: Sink, options: SinkPipelineOptions) {
    this.sink = sink;
    this.options = options;
    this.batcher = new Batcher(sink.limits);
    this.changed = new Condition(options.clock);
    this.sendQueue = new SendQueue(sink.limits, (queuedBatch) => this.send(queuedBatch), this.changed);
    if (options.store === undefined || sink.undeliverable === 'discard') return;
    this.spoolWriter = new SpoolWriter(sink, options.store, options.clock, this.units, this);
    this.cursor = new AckGroupCursor(this.units, this.spoolWriter.tables.ledger, options.again === true);
    this.spoolReader = new SpoolReader(
      sink,
      this.spoolWriter,
      { ...options, taken: this.taken },
      {
        took: (events) => void (this.takenEvents += events),
        idle: () => this.changed.until(() => this.sendQueue.sending === 0),
        succeeded: () => this.succeeded(),
        failed: (error) => this.failed(error),
        rejected: (reason) => void (this.firstRejection ??= reason),
        waiting: () => options.onWaiting?.(sink.name),
        stopped: () => this.changed.notify(),
      },
    );
    this.room = new SpoolRoom(this.spoolWriter, this.spoolReader, this.changed, options, this);
  }

  /** Turns to what earlier runs have left in the spool, if anything, or among the dead letters. */
  start(retryDeadLetters: boolean): void {
    if (retryDeadLetters) this.spoolWriter?.retryDeadLetters(this.sink.limits);
    if (this.spoolWriter?.expire() === true) this.spoolReader?.start();
  }

  /** For how long the sink has not worked, in milliseconds; 0 when it does. */
  get failingForMs(): number {
    return this.failingSince === undefined ? 0 : this.options.clock.elapsed() - this.failingSince;
  }

  /** No event can be delivered or kept any more: reading for this sink has no use. */
  get isOver(): boolean {
    return this.failure?.kind === 'closed' || this.spoolWriter?.fatal !== undefined;
  }

  /** The spool is full and nothing leaves it: reading must end. */
  get isStuck(): boolean {
    return this.spoolWriter?.stuck ?? false;
  }

  /** Takes an event. A promise means: wait for it before the next one. */
  push(event: LogEvent): Promise<void> | undefined {
    const entry = this.prepare(event);
    const batch = entry && this.batcher.add(entry, this.options.clock.elapsed());
    return batch && this.dispatch(this.queuedBatch(batch));
  }

  /** Takes events that a thread has rendered. Resolves when nobody needs `body` any more. */
  async take(events: number, body: Uint8Array): Promise<void> {
    await this.flush();
    this.tally.read += events;
    await this.dispatch(this.queuedBatch(renderedBatch(events, body)));
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
  draft(events: readonly LogEvent[]): readonly QueuedBatch[] {
    const isOwn = (event: LogEvent): boolean => this.accountOf(event.dataset) === this.own;
    // A batch is counted as its first event is.
    return [events.filter((event) => !isOwn(event)), events.filter(isOwn)].flatMap((alike) => this.draftAlike(alike));
  }

  private draftAlike(events: readonly LogEvent[]): readonly QueuedBatch[] {
    const now = this.options.clock.elapsed();
    const batcher = new Batcher<Queued>(this.sink.limits);
    const full = events.flatMap((event) => {
      const entry = this.prepare(event);
      this.endAckGroup();
      return (entry && batcher.add(entry, now)) ?? [];
    });
    return [...full, ...batcher.takeOlderThan(now)].map((batch) => this.queuedBatch(batch));
  }

  /** What was drafted is not to be announced after all. */
  withdraw({ batch }: QueuedBatch): void {
    this.accountOf(batch.entries[0]?.dataset).read -= batch.entries.length;
  }

  private queuedBatch(batch: BatchOf<Queued>): QueuedBatch {
    return { seq: this.spoolWriter?.nextSeq() ?? 0, batch, stored: false };
  }

  /** Puts a batch on its way. A promise means: wait for it before the next one. */
  dispatch(queuedBatch: QueuedBatch): Promise<void> | undefined {
    this.throwMistake();
    if (this.isDiscarding()) this.discard(queuedBatch.batch.entries);
    else if (this.spoolReader?.active === true) {
      this.spoolWriter?.keep(queuedBatch);
      return this.room?.wait();
    } else {
      this.sendQueue.add(queuedBatch);
      if (this.sendQueue.queued > MAX_QUEUED) return this.waitForTurn();
    }
    return undefined;
  }

  /** Puts batches on their way: all, whatever the clock says, or those that have waited for so many milliseconds. */
  async flush(ageMs?: number): Promise<void> {
    const old = this.batcher.takeOlderThan(ageMs === undefined ? Number.POSITIVE_INFINITY : this.options.clock.elapsed() - ageMs);
    // All at once: a batch that is filled meanwhile must not overtake one of its partition.
    await Promise.all(old.map(async (batch) => this.dispatch(this.queuedBatch(batch))));
  }

  /** No more events of the current unit will come. */
  endAckGroup(): void {
    this.cursor?.end();
  }

  /** The rest of the current unit will not come: shipped again, all of it goes again. */
  abandonAckGroup(): void {
    this.cursor?.abandon();
  }

  /** Sending fails by a mistake of ours, whatever is read. */
  get isBroken(): boolean {
    return this.sendQueue.mistake !== undefined;
  }

  /** Sends what is left and waits until it is with the sink, on disk, or given up. */
  async settle(): Promise<void> {
    this.endAckGroup();
    await this.flush();
    await this.changed.until(() => this.sendQueue.queued === 0 && this.sendQueue.sending === 0);
    this.throwMistake();
  }

  /** As {@link settle}, and waits for what is on disk as long as that has a use. */
  async finish(): Promise<void> {
    await this.settle();
    await this.spoolReader?.finish();
    this.throwMistake();
    this.spoolWriter?.conclude();
  }

  /** An earlier run has dealt with it, or will, from the spool. */
  private known(fate: AckGroupFate, unit: string, account: Tally): undefined {
    if (fate === 'spooled') this.spoolWriter?.countWaiting(unit, account);
    else account.already++;
    return undefined;
  }

  private async send(queuedBatch: QueuedBatch): Promise<void> {
    const account = this.accountOf(queuedBatch.batch.entries[0]?.dataset);
    const patience = { ...this.options, taken: this.taken };
    const left = await deliver(this.sink, queuedBatch.batch, patience, (settled) => this.record(settled, account));
    if (queuedBatch.stored) this.spoolWriter?.update(queuedBatch, left?.entries);
    if (left !== undefined) this.giveWay(queuedBatch, left);
  }

  private record(settled: Settled<Queued>, account: Tally): void {
    this.firstRejection ??= settled.rejected[0]?.reason;
    this.takenEvents += settled.done.length;
    account.delivered += settled.delivered;
    account.already += settled.already;
    account.restamped += settled.restamped;
    account.removed += settled.removed;
    if (this.spoolWriter === undefined) account.discarded += settled.rejected.length;
    else account.dead += this.spoolWriter.settle(settled.done, settled.rejected);
  }

  /** The sink does not take it: what waits goes to disk, in order, and from there to the sink when it works again. */
  private giveWay(queuedBatch: QueuedBatch, { entries, error, refused }: Undelivered<Queued>): void {
    if (refused === true && this.spoolWriter !== undefined)
      return this.spoolWriter.keep({ ...queuedBatch, batch: batchOf(entries, queuedBatch.batch.partition) }, true);
    this.failed(error);
    if (this.spoolReader === undefined) return this.discardAll(entries);
    this.spoolWriter?.keep({ ...queuedBatch, batch: batchOf(entries, queuedBatch.batch.partition) });
    this.spill();
  }

  /** From memory to disk. */
  private spill(): void {
    for (const queuedBatch of this.sendQueue.takeQueued()) this.spoolWriter?.keep(queuedBatch);
    this.spoolReader?.start();
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
    if (this.sendQueue.mistake !== undefined) throw this.sendQueue.mistake;
  }

  private isDiscarding(): boolean {
    return this.spoolWriter === undefined && this.failure !== undefined;
  }

  private discardAll(entries: readonly Queued[]): void {
    this.discard(entries);
    for (const { batch } of this.sendQueue.takeQueued()) this.discard(batch.entries);
  }

  private discard(entries: readonly Queued[]): void {
    this.tally.discarded += entries.length;
  }

  /** Holds up reading while the queue is full, but not longer than the source can wait. */
  private async waitForTurn(): Promise<void> {
    const until = this.options.clock.elapsed() + this.patienceMs;
    while (this.sendQueue.queued > MAX_QUEUED) {
      const left = until - this.options.clock.elapsed();
      if (left <= 0 && this.spoolReader !== undefined) return this.spill();
      await this.changed.within(left);
      this.throwMistake();
    }
  }
}
