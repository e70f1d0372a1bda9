import type { LogEvent } from '../event/event.ts';
import { type BatchOf, batchOf } from '../sink/batch.ts';
import { type Sink, SinkError } from '../sink/sink.ts';
import type { Queued } from '../state/queued.ts';
import type { WaitingSink } from '../state/store.ts';
import type { Tally } from '../state/tally.ts';
import { Account } from './account.ts';
import { AckGroups } from './ack-group.ts';
import { AckGroupCursor } from './ack-group-cursor.ts';
import { Batcher } from './batcher.ts';
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
import { UpkeepTimer } from './upkeep.ts';

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
  readonly account = new Account();
  readonly health: SinkHealth;
  /** The server's reason for the first event that it rejected. */
  firstRejection: string | undefined;
  /** How long a full queue may hold up reading before it goes to disk, in milliseconds. */
  patienceMs = Number.POSITIVE_INFINITY;
  /** What this sink keeps on disk; undefined when it discards what it does not take. */
  readonly spoolWriter: SpoolWriter | undefined;

  private readonly options: SinkPipelineOptions;
  private readonly batcher: Batcher<Queued>;
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
      this.cursor = new AckGroupCursor(groups, this.spoolWriter.tables.ledger, again);
      this.spoolReader = this.readerOf(this.spoolWriter);
      this.room = new SpoolRoom(this.spoolWriter, this.spoolReader, this.changed, options, this);
    }
    this.upkeep = new UpkeepTimer(sink, clock, options.signal);
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
   * Turns to what earlier runs have left in the spool, if anything; and among the dead letters, when these are to be tried again.
   * `takeOver`: what they have left for these others, which are of the same kind, is for this one now.
   */
  start(retryDeadLetters: boolean, takeOver: readonly WaitingSink[]): void {
    if (retryDeadLetters) this.spoolWriter?.retryDeadLetters(this.sink.limits);
    this.spoolWriter?.takeOver(takeOver, retryDeadLetters ? this.sink.limits.maxEvents : undefined);
    if (this.spoolWriter?.expire() === true) this.spoolReader?.start();
  }

  /** Has the sink tell its server again what that would forget, when that is due. */
  async keepUp(): Promise<void> {
    const result = await this.upkeep.look();
    if (result instanceof SinkError) this.health.failed(result);
    else if (result === 'renewed' && this.spoolReader?.active !== true) this.succeeded();
  }

  /** Why the sink does not work now. */
  get failure(): SinkError | undefined {
    return this.health.failure;
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

  /** These events alone, each an acknowledgement group; they go nowhere yet. */
  draft(events: readonly LogEvent[]): Draft {
    const admitted = events.flatMap((event) => {
      const one = this.intake.admit(event);
      this.endAckGroup();
      return one ?? [];
    });
    const batches = batchesToSend(admitted, this.account.own, this.sink.limits);
    return { pipeline: this, admitted, batches: batches.map((batch) => this.numbered(batch)) };
  }

  /** Events that happen once, for a sink that keeps nothing: behind what was pushed before, and alone. */
  async tell(events: readonly LogEvent[]): Promise<void> {
    await this.flush();
    await this.sendDraft(this.draft(events), false);
  }

  /** Within the transaction around it: what was drafted is on disk. */
  commit({ batches }: Draft): void {
    for (const batch of batches) this.spoolWriter?.commit(batch);
  }

  /** What was drafted is on its way now. `stored`: it was committed. A promise means: wait for it. */
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

  /** Puts a batch on its way. A promise means: wait for it before the next one. */
  private dispatch(queuedBatch: QueuedBatch): Promise<void> | undefined {
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
    await Promise.all(old.map(async (batch) => this.dispatch(this.numbered(batch))));
  }

  /** No more events of the current acknowledgement group will come. */
  endAckGroup(): void {
    this.cursor?.end();
  }

  /** The rest of the current acknowledgement group will not come: shipped again, all of it goes again. */
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

  private async send(queuedBatch: QueuedBatch): Promise<void> {
    const tally = this.account.of(queuedBatch.batch.entries[0]?.dataset);
    const patience = { ...this.options, taken: this.taken };
    const left = await deliver(this.sink, queuedBatch.batch, patience, (settled) => this.record(settled, tally));
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

  /** The sink does not take it: what waits goes to disk, in order, and from there to the sink when it works again. */
  private giveWay(queuedBatch: QueuedBatch, { entries, error, since, refused }: Undelivered<Queued>): void {
    const rest = { ...queuedBatch, batch: batchOf(entries, queuedBatch.batch.partition) };
    if (refused === true && this.spoolWriter !== undefined) return this.spoolWriter.keep(rest, true);
    this.health.failed(error, since);
    if (this.spoolReader === undefined) return this.discardAll(entries);
    this.spoolWriter?.keep(rest);
    this.spill();
  }

  /** From memory to disk. */
  private spill(): void {
    for (const queuedBatch of this.sendQueue.takeQueued()) this.spoolWriter?.keep(queuedBatch);
    this.spoolReader?.start(this.health.failingSince);
    this.changed.notify();
  }

  private succeeded(): void {
    this.health.succeeded();
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
    this.account.discarded(this.account.of(entries[0]?.dataset), entries.length);
  }

  /** Holds up reading while the queue is full, but not longer than the source can wait. */
  private async waitForTurn(): Promise<void> {
    const { clock } = this.options;
    const until = clock.elapsed() + this.patienceMs;
    while (this.sendQueue.queued > MAX_QUEUED) {
      const left = until - clock.elapsed();
      if (left <= 0 && this.spoolReader !== undefined) return this.spill();
      await this.changed.within(left);
      this.throwMistake();
    }
  }
}
