import { type BatchOf, batchOf } from '../sink/batch.ts';
import type { Sink, SinkError } from '../sink/sink.ts';
import type { Queued } from '../state/queued.ts';
import type { Account } from './account.ts';
import type { AckGroups } from './ack-group.ts';
import { Claiming } from './claiming.ts';
import { Condition } from './condition.ts';
import type { Answered, Undelivered } from './answered.ts';
import { deliver } from './deliver.ts';
import type { QueuedBatch } from './queued-batch.ts';
import { SendQueue } from './send-queue.ts';
import type { SinkHealth } from './sink-health.ts';
import type { SinkPipelineOptions } from './sink-pipeline-options.ts';
import { SpoolReader } from './spool-reader.ts';
import { SpoolRoom } from './spool-room.ts';
import type { SpoolWriter } from './spool-writer.ts';

interface DispatcherParts {
  readonly sink: Sink;
  readonly options: SinkPipelineOptions;
  readonly account: Account;
  readonly health: SinkHealth;
  readonly groups: AckGroups;
  /** Ledger entries up to this number are ignored. */
  readonly after: number;
  /** Undefined when the sink discards what cannot be delivered. */
  readonly spoolWriter: SpoolWriter | undefined;
  /** Ends the current acknowledgement group, and sends batches that wait to fill up. */
  flushAll(): Promise<void>;
}

/** The parts that work on the spool of a sink. */
interface SpoolSide {
  readonly writer: SpoolWriter;
  readonly reader: SpoolReader;
  readonly room: SpoolRoom;
  readonly claiming: Claiming;
}

/**
 * Decides the way of a batch. While the sink works, batches go to it directly. When it fails, or is too slow for a source that cannot wait,
 * batches go to the spool; a {@link SpoolReader} sends them from there in order. When the spool is empty, batches go directly again.
 */
export class Dispatcher {
  /** How long a full queue may hold up reading before it goes to disk, in milliseconds. */
  patienceMs = Number.POSITIVE_INFINITY;

  private readonly parts: DispatcherParts;
  private readonly changed: Condition;
  private readonly sendQueue: SendQueue;
  private readonly spool: SpoolSide | undefined;
  private readonly accepted = (): number => this.parts.health.accepted;

  constructor(parts: DispatcherParts) {
    this.parts = parts;
    this.changed = new Condition(parts.options.clock);
    this.sendQueue = new SendQueue(parts.sink.limits, (batch) => this.send(batch), this.changed);
    this.spool = this.spoolSide(parts);
  }

  private spoolSide({ spoolWriter: writer, options, ...parts }: DispatcherParts): SpoolSide | undefined {
    const { store } = options;
    if (writer === undefined || store === undefined) return undefined;
    const { changed, sendQueue } = this;
    const reader = this.readerOf(writer);
    const forward = (queuedBatch: QueuedBatch): Promise<void> | undefined => this.forward(queuedBatch);
    const claiming = new Claiming(writer, { ...parts, ...options, store, changed, sendQueue, forward });
    return { writer, reader, claiming, room: new SpoolRoom(writer, reader, changed, options, this) };
  }

  private readerOf(writer: SpoolWriter): SpoolReader {
    const { sink, options, health } = this.parts;
    return new SpoolReader(
      sink,
      writer,
      { ...options, accepted: this.accepted },
      {
        took: (events) => void (health.accepted += events),
        idle: () => this.changed.until(() => this.sendQueue.sending === 0),
        succeeded: () => this.succeeded(),
        failed: (error, since) => health.failed(error, since),
        blocked: (error) => void (health.blocked ??= error),
        rejected: (reason) => void (health.firstRejection ??= reason),
        waiting: () => options.onWaiting?.(sink.name),
        stopped: () => this.changed.notify(),
      },
    );
  }

  /** Why the sink fails now. */
  get failure(): SinkError | undefined {
    return this.parts.health.failure;
  }

  /** Whether new batches go to the spool, because older ones are there. */
  get isSpooling(): boolean {
    return this.spool?.reader.active === true;
  }

  /** Whether entries wait for another process. */
  get isWaitingForOthers(): boolean {
    return this.spool?.claiming.isWaiting === true;
  }

  /** Whether sending fails because of a bug of portlog. */
  get isBroken(): boolean {
    return this.sendQueue.mistake !== undefined;
  }

  /** The sink has accepted something. */
  succeeded(): void {
    this.parts.health.succeeded();
    this.changed.notify();
  }

  /** Starts sending from the spool. */
  startSpool(): void {
    this.spool?.reader.start(this.parts.health.failingSince, false);
  }

  /** Resolves when nothing waits for another process; see {@link Claiming}. */
  async othersDone(): Promise<void> {
    await this.spool?.claiming.idle();
  }

  /** Resolves when every batch is delivered, spooled or given up. */
  async drained(): Promise<void> {
    await this.changed.until(() => this.sendQueue.queued === 0 && this.sendQueue.sending === 0 && !this.isWaitingForOthers);
    this.sendQueue.throwMistake();
  }

  /** The same for the spool, as long as the sink makes progress. */
  async finishSpool(): Promise<void> {
    await this.spool?.reader.finish();
    this.sendQueue.throwMistake();
    this.spool?.writer.finishRun();
  }

  /** Sends or spools the part of a batch that no other process has claimed. If a promise is returned, await it before the next call. */
  dispatch(queuedBatch: QueuedBatch): Promise<void> | undefined {
    const batch = this.stillOurs(queuedBatch);
    return batch.entries.length === 0 ? undefined : this.forward({ ...queuedBatch, batch });
  }

  /** The part of a batch that no other process has claimed. Committed batches are ours in any case. */
  private stillOurs({ stored, batch }: QueuedBatch): BatchOf<Queued> {
    return stored || this.spool === undefined ? batch : this.spool.claiming.take(batch);
  }

  private forward(queuedBatch: QueuedBatch): Promise<void> | undefined {
    this.sendQueue.throwMistake();
    const { spool, failure } = this;
    if (spool === undefined && failure !== undefined) this.parts.account.discardedBatch(queuedBatch.batch.entries);
    else if (spool !== undefined && (spool.reader.active || failure !== undefined)) {
      this.keep(queuedBatch);
      this.startSpool();
      return spool.room.wait();
    } else {
      this.sendQueue.add(queuedBatch);
      if (this.sendQueue.isFull) return this.waitForTurn();
    }
    return undefined;
  }

  private keep(queuedBatch: QueuedBatch, behind = false): void {
    const batch = this.stillOurs(queuedBatch);
    if (batch.entries.length > 0) this.spool?.writer.keep({ ...queuedBatch, batch }, behind);
  }

  private async send(queuedBatch: QueuedBatch): Promise<void> {
    const { sink, options } = this.parts;
    const stillOurs = (batch: BatchOf<Queued>): BatchOf<Queued> => this.stillOurs({ ...queuedBatch, batch });
    let isSettled = false;
    const left = await deliver(sink, queuedBatch.batch, { ...options, accepted: this.accepted, stillOurs }, (answer) => {
      isSettled = answer.done.length + answer.rejected.length === queuedBatch.batch.entries.length;
      this.record(answer, queuedBatch, isSettled);
    });
    if (queuedBatch.stored && !isSettled) this.spool?.writer.update(queuedBatch, left?.entries);
    if (left !== undefined) this.switchToSpool(queuedBatch, left);
  }

  /** `isSettled`: the answer is about the whole batch. */
  private record(answer: Answered<Queued>, queuedBatch: QueuedBatch, isSettled: boolean): void {
    const { account, health } = this.parts;
    const { done, rejected } = answer;
    health.firstRejection ??= rejected[0]?.reason;
    health.accepted += done.length;
    const tally = account.of(queuedBatch.batch.entries[0]?.dataset);
    if (this.spool !== undefined) return this.spool.writer.recordAnswer(tally, answer, isSettled && queuedBatch.stored ? queuedBatch : undefined);
    account.answered(tally, answer, 0);
    account.discarded(tally, rejected.length);
  }

  /** The sink fails: batches go to disk in order, and from there to the sink when it works again. */
  private switchToSpool(queuedBatch: QueuedBatch, { entries, error, since, refusal, refused, isBlocked }: Undelivered<Queued>): void {
    const { health } = this.parts;
    if (isBlocked === true) health.blocked ??= error;
    const rest = { ...queuedBatch, batch: batchOf(entries, queuedBatch.batch.partition) };
    if (refused === true) health.firstRefusal ??= refusal?.reason;
    if (refused === true && this.spool !== undefined) return this.keep(rest, true);
    health.failed(error, since);
    if (this.spool === undefined) return this.discardAll(entries);
    this.keep(rest);
    this.spill();
  }

  /** Moves queued batches from memory to disk. */
  private spill(): void {
    for (const queuedBatch of this.sendQueue.takeQueued()) this.keep(queuedBatch);
    this.spool?.reader.start(this.parts.health.failingSince);
    this.changed.notify();
  }

  private discardAll(entries: readonly Queued[]): void {
    for (const all of [entries, ...this.sendQueue.takeQueued().map(({ batch }) => batch.entries)]) this.parts.account.discardedBatch(all);
  }

  /** Delays reading while the queue is full, but not longer than the source can wait. */
  private async waitForTurn(): Promise<void> {
    const patienceMs = this.spool === undefined ? Number.POSITIVE_INFINITY : this.patienceMs;
    if (!(await this.sendQueue.hasRoomWithin(patienceMs, this.parts.options.clock))) this.spill();
  }
}
