import type { LogEvent } from '../event/event.ts';
import { type BatchOf, batchOf } from '../sink/batch.ts';
import type { Sink, SinkError } from '../sink/sink.ts';
import type { Queued } from '../state/queued.ts';
import type { WaitingSink } from '../state/store.ts';
import type { Tally } from '../state/tally.ts';
import { Account } from './account.ts';
import { AckGroups } from './ack-group.ts';
import { AckGroupCursor } from './ack-group-cursor.ts';
import { Batcher } from './batcher.ts';
import { Claiming } from './claiming.ts';
import { Condition } from './condition.ts';
import { deliver, type Settled, type Undelivered } from './deliver.ts';
import { batchesToSend, type Draft } from './draft.ts';
import { type Admitted, Intake } from './intake.ts';
import type { QueuedBatch } from './queued-batch.ts';
import { renderedBatch } from './rendered.ts';
import { SendQueue } from './send-queue.ts';
import { SinkHealth } from './sink-health.ts';
import type { SinkPipelineOptions } from './sink-pipeline-options.ts';
import { SpoolReader } from './spool-reader.ts';
import { SpoolRoom } from './spool-room.ts';
import { SpoolWriter } from './spool-writer.ts';
import type { Unanswered } from './unanswered.ts';
import { UpkeepTimer } from './upkeep.ts';

/**
 * One sink with its queue, its pace and its account. As long as the sink works, batches go to it directly. When it fails, or
 * is too slow for a source that cannot wait, the pipeline switches to the spool: batches go to disk, a {@link SpoolReader}
 * sends them from there in order, and when the spool is empty, batches go directly again.
 */
export class SinkPipeline {
  readonly sink: Sink;
  readonly account = new Account();
  readonly health: SinkHealth;
  /** The server's reason for the first event that it rejected. */
  firstRejection: string | undefined;
  /** How long a full queue may hold up reading before it goes to disk, in milliseconds. */
  patienceMs = Number.POSITIVE_INFINITY;
  /** The spool of this sink; undefined when it discards undelivered events. */
  readonly spoolWriter: SpoolWriter | undefined;

  private readonly options: SinkPipelineOptions;
  private readonly batcher: Batcher<Queued>;
  private readonly claiming: Claiming | undefined;
  private readonly cursor: AckGroupCursor | undefined;
  private readonly intake: Intake;
  private readonly upkeep: UpkeepTimer;
  private readonly spoolReader: SpoolReader | undefined;
  private readonly room: SpoolRoom | undefined;
  private readonly sendQueue: SendQueue;
  private readonly changed: Condition;
  private readonly taken = (): number => this.health.taken;

  constructor(sink: Sink, options: SinkPipelineOptions) {
    const { clock, store, again = false } = options;
    const groups = new AckGroups();
    this.sink = sink;
    this.options = options;
    this.health = new SinkHealth(clock);
    this.batcher = new Batcher(sink.limits);
    this.changed = new Condition(clock);
    this.sendQueue = new SendQueue(sink.limits, (batch) => this.send(batch), this.changed);
    if (store !== undefined && sink.undeliverable === 'keep') {
      this.spoolWriter = new SpoolWriter(sink, store, clock, groups, this.account);
      sink.upkeep?.remember(this.spoolWriter.tables.memory);
      const after = again ? this.spoolWriter.tables.ledger.last() : 0;
      this.cursor = new AckGroupCursor(groups, this.spoolWriter.tables.ledger, after);
      const parts = { ...options, sink, store, groups, after, changed: this.changed, sendQueue: this.sendQueue, pipeline: this };
      this.claiming = new Claiming(this.spoolWriter, parts);
      this.spoolReader = this.readerOf(this.spoolWriter);
      this.room = new SpoolRoom(this.spoolWriter, this.spoolReader, this.changed, options, this);
    }
    this.upkeep = new UpkeepTimer(sink, options, this.health);
    this.intake = new Intake(sink, this.account, clock, { groups, cursor: this.cursor, spoolWriter: this.spoolWriter });
  }

  private readerOf(spoolWriter: SpoolWriter): SpoolReader {
    const { options, health, sink } = this;
    return new SpoolReader(
      sink,
      spoolWriter,
      { ...options, taken: this.taken },
      {
        took: (events) => void (health.taken += events),
        idle: () => this.changed.until(() => this.sendQueue.sending === 0),
        succeeded: () => this.succeeded(),
        failed: (error, since) => health.failed(error, since),
        rejected: (reason) => void (this.firstRejection ??= reason),
        waiting: () => options.onWaiting?.(sink.name),
        stopped: () => this.changed.notify(),
      },
    );
  }

  /**
   * Starts sending what earlier runs left in the spool, and dead letters when these are to be retried. `takeOver`: what they
   * have left for these others, which are of the same kind, is for this one now. `unanswered`: it did not answer when it was asked.
   */
  start(retryDeadLetters: boolean, takeOver: readonly WaitingSink[], unanswered?: Unanswered): void {
    if (unanswered !== undefined && this.spoolReader !== undefined) this.health.failed(unanswered.error, unanswered.since);
    if (retryDeadLetters) this.spoolWriter?.retryDeadLetters(this.sink.limits);
    this.spoolWriter?.takeOver(takeOver, retryDeadLetters ? this.sink.limits.maxEvents : undefined);
    if (this.spoolWriter?.expire() === true) this.spoolReader?.start(this.health.failingSince, false);
  }

  /** Renews what the server would forget, when that is due. */
  async keepUp(): Promise<void> {
    if ((await this.upkeep.look()) && this.spoolReader?.active !== true) this.succeeded();
  }

  /** Why the sink fails now. */
  get failure(): SinkError | undefined {
    return this.health.failure;
  }

  /** Nothing can be delivered or kept any more: reading for this sink is pointless. */
  get isOver(): boolean {
    return this.failure?.kind === 'closed' || this.spoolWriter?.fatal !== undefined;
  }

  /** It takes events as they come, as far as the last attempt has shown. */
  get isKeepingUp(): boolean {
    return this.failure === undefined && this.spoolReader?.active !== true;
  }

  /** The spool is full and the sink takes nothing: reading must end. */
  get isStuck(): boolean {
    return this.spoolWriter?.stuck ?? false;
  }

  /** Takes an event. Await the promise, if there is one, before the next. */
  push(event: LogEvent): Promise<void> | undefined {
    if (this.claiming?.isWaiting === true && !this.cursor?.isAt(event.ackGroup)) return this.claiming.idle().then(() => this.push(event));
    const admitted = this.intake.admit(event);
    if (admitted === undefined || !this.count(admitted)) return undefined;
    const batch = this.batcher.add(admitted.entry, this.options.clock.elapsed());
    return batch && this.dispatch(this.numbered(batch));
  }

  /** Takes events that a thread has rendered. Resolves when nobody needs `body` any more. */
  async pushRendered(events: number, body: Uint8Array): Promise<void> {
    await this.flush();
    this.account.read(this.account.tally, events);
    await this.dispatch(this.numbered(renderedBatch(events, body)));
    await this.settle();
  }

  /** Encodes events, each its own acknowledgement group, without sending or counting them. */
  draft(events: readonly LogEvent[]): Draft {
    const admitted = events.flatMap((event) => {
      const one = this.intake.admit(event);
      this.endAckGroup();
      return one ?? [];
    });
    const batches = batchesToSend(admitted, this.account.own, this.sink.limits);
    return { pipeline: this, admitted, batches: batches.map((batch) => this.numbered(batch)) };
  }

  /** Writes a draft to the spool, within the surrounding transaction. */
  commit({ batches }: Draft): void {
    for (const batch of batches) this.spoolWriter?.commit(batch);
  }

  /** Counts and sends a draft. `stored`: it was committed. */
  async sendDraft({ admitted, batches }: Draft, stored: boolean): Promise<void> {
    for (const one of admitted) this.count(one);
    for (const batch of batches) await this.dispatch({ ...batch, stored: stored && this.spoolWriter !== undefined });
  }

  /** True when it is to be sent. */
  private count(admitted: Admitted): boolean {
    this.firstRejection ??= admitted.refused;
    return this.intake.count(admitted);
  }

  private numbered(batch: BatchOf<Queued>): QueuedBatch {
    return { seq: this.spoolWriter?.nextSeq() ?? 0, batch, stored: false };
  }

  /** Sends or spools what no other process has in hand of a batch. Await the promise, if there is one, before the next. */
  private dispatch(queuedBatch: QueuedBatch): Promise<void> | undefined {
    const batch = this.stillOurs(queuedBatch);
    return batch.entries.length === 0 ? undefined : this.forward({ ...queuedBatch, batch });
  }

  /** What of a batch no other process has in hand. What was committed is left alone by all others. */
  private stillOurs({ stored, batch }: QueuedBatch): BatchOf<Queued> {
    return stored || this.claiming === undefined ? batch : this.claiming.take(batch);
  }

  private keep(queuedBatch: QueuedBatch, behind = false): void {
    const batch = this.stillOurs(queuedBatch);
    if (batch.entries.length > 0) this.spoolWriter?.keep({ ...queuedBatch, batch }, behind);
  }

  /** Sends or spools all of a batch, or what has no number yet. */
  forward(queuedBatch: QueuedBatch): Promise<void> | undefined {
    this.sendQueue.throwMistake();
    if (this.spoolWriter === undefined && this.failure !== undefined) this.account.gaveUp(queuedBatch.batch.entries);
    else if (this.spoolReader !== undefined && (this.spoolReader.active || this.failure !== undefined)) {
      this.keep(queuedBatch);
      this.spoolReader.start(this.health.failingSince, false);
      return this.room?.wait();
    } else {
      this.sendQueue.add(queuedBatch);
      if (this.sendQueue.isFull) return this.waitForTurn();
    }
    return undefined;
  }

  /** Sends all pending batches, or those older than `ageMs`. */
  async flush(ageMs?: number): Promise<void> {
    const old = this.batcher.takeOlderThan(ageMs === undefined ? Number.POSITIVE_INFINITY : this.options.clock.elapsed() - ageMs);
    // All at once, so that a batch that fills up meanwhile does not overtake one of its partition.
    await Promise.all(old.map(async (batch) => this.dispatch(this.numbered(batch))));
  }

  /** No more events of the current acknowledgement group will come. */
  endAckGroup(): void {
    this.cursor?.end();
  }

  /** The current acknowledgement group stays incomplete: shipped again, all of it is sent again. */
  abandonAckGroup(): void {
    this.cursor?.abandon();
  }

  /** Sending fails because of a bug of portlog. */
  get isBroken(): boolean {
    return this.sendQueue.mistake !== undefined;
  }

  /** Sends what is pending and waits until it is delivered, on disk or given up. */
  async settle(): Promise<void> {
    this.endAckGroup();
    await this.flush().then(() => this.spoolWriter?.enterKnown());
    await this.changed.until(() => this.sendQueue.queued === 0 && this.sendQueue.sending === 0 && this.claiming?.isWaiting !== true);
    this.sendQueue.throwMistake();
  }

  /** {@link settle}, then waits for the spool as long as the sink makes progress. */
  async finish(): Promise<void> {
    await this.settle();
    await this.spoolReader?.finish();
    this.sendQueue.throwMistake();
    this.spoolWriter?.conclude();
  }

  private async send(queuedBatch: QueuedBatch): Promise<void> {
    const tally = this.account.of(queuedBatch.batch.entries[0]?.dataset);
    const stillOurs = (batch: BatchOf<Queued>): BatchOf<Queued> => this.stillOurs({ ...queuedBatch, batch });
    const left = await deliver(this.sink, queuedBatch.batch, { ...this.options, taken: this.taken, stillOurs }, (settled) =>
      this.record(settled, tally),
    );
    if (queuedBatch.stored) this.spoolWriter?.update(queuedBatch, left?.entries);
    if (left !== undefined) this.giveWay(queuedBatch, left);
  }

  private record(settled: Settled<Queued>, tally: Tally): void {
    const { done, rejected } = settled;
    this.firstRejection ??= rejected[0]?.reason;
    this.health.taken += done.length;
    this.account.settled(tally, settled, this.spoolWriter?.settle(done, rejected) ?? 0);
    if (this.spoolWriter === undefined) this.account.discarded(tally, rejected.length);
  }

  /** The sink fails: batches go to disk in order, and from there to the sink when it works again. */
  private giveWay(queuedBatch: QueuedBatch, { entries, error, since, refusal, refused }: Undelivered<Queued>): void {
    const rest = { ...queuedBatch, batch: batchOf(entries, queuedBatch.batch.partition) };
    if (refused === true) this.health.firstRefusal ??= refusal?.reason;
    if (refused === true && this.spoolWriter !== undefined) return this.keep(rest, true);
    this.health.failed(error, since);
    if (this.spoolReader === undefined) return this.discardAll(entries);
    this.keep(rest);
    this.spill();
  }

  /** Moves queued batches from memory to disk. */
  private spill(): void {
    for (const queuedBatch of this.sendQueue.takeQueued()) this.keep(queuedBatch);
    this.spoolReader?.start(this.health.failingSince);
    this.changed.notify();
  }

  private succeeded(): void {
    this.health.succeeded();
    this.changed.notify();
  }

  private discardAll(entries: readonly Queued[]): void {
    for (const all of [entries, ...this.sendQueue.takeQueued().map(({ batch }) => batch.entries)]) this.account.gaveUp(all);
  }

  /** Delays reading while the queue is full, but not longer than the source can wait. */
  private async waitForTurn(): Promise<void> {
    const patienceMs = this.spoolReader === undefined ? Number.POSITIVE_INFINITY : this.patienceMs;
    if (!(await this.sendQueue.hasRoomWithin(patienceMs, this.options.clock))) this.spill();
  }
}
