import type { Clock } from '../core/clock.ts';
import type { BatchLimits } from '../sink/sink.ts';
import { mayJoin, type QueuedBatch } from './queued-batch.ts';
import type { Condition } from './condition.ts';

/** Batches that may be queued behind those in flight. */
const MAX_QUEUED = 2;

/** Batches that are sent to a sink directly: those in flight, and those queued in memory. */
export class SendQueue {
  private readonly limits: BatchLimits;
  private readonly send: (queuedBatch: QueuedBatch) => Promise<void>;
  private readonly changed: Condition;
  private readonly queue: QueuedBatch[] = [];
  private readonly inFlight = new Map<Promise<void>, QueuedBatch>();
  /** The first bug that occurred while sending in the background. */
  mistake: unknown;

  /** `changed` is notified whenever a batch ends. */
  constructor(limits: BatchLimits, send: (queuedBatch: QueuedBatch) => Promise<void>, changed: Condition) {
    this.limits = limits;
    this.send = send;
    this.changed = changed;
  }

  /** Number of queued batches. */
  get queued(): number {
    return this.queue.length;
  }

  get sending(): number {
    return this.inFlight.size;
  }

  get isFull(): boolean {
    return this.queue.length > MAX_QUEUED;
  }

  /** Waits while the queue is full; false when it still is after `milliseconds`. */
  async hasRoomWithin(milliseconds: number, clock: Clock): Promise<boolean> {
    const until = clock.elapsed() + milliseconds;
    while (this.isFull) {
      const left = until - clock.elapsed();
      if (left <= 0) return false;
      await this.changed.within(left);
      this.throwMistake();
    }
    return true;
  }

  /** Throws an error of background sending. */
  throwMistake(): void {
    if (this.mistake !== undefined) throw this.mistake;
  }

  add(queuedBatch: QueuedBatch): void {
    this.queue.push(queuedBatch);
    this.start();
  }

  /** Removes and returns the batches that were not started yet, in order. */
  takeQueued(): readonly QueuedBatch[] {
    return this.queue.splice(0);
  }

  /** Starts batches within the limits of the sink, in order within a partition. */
  private start(): void {
    for (let i = 0; i < this.queue.length && this.inFlight.size < this.limits.inFlight;) {
      const queuedBatch = this.queue[i] as QueuedBatch;
      const waitsBehind = this.queue.slice(0, i).some(({ batch }) => batch.partition === queuedBatch.batch.partition);
      if (waitsBehind || !mayJoin(queuedBatch, [...this.inFlight.values()], this.limits)) i++;
      else {
        this.queue.splice(i, 1);
        this.launch(queuedBatch);
      }
    }
  }

  private launch(queuedBatch: QueuedBatch): void {
    const sending: Promise<void> = this.send(queuedBatch)
      .catch((error: unknown) => {
        this.mistake ??= error;
      })
      .finally(() => {
        this.inFlight.delete(sending);
        this.start();
        this.changed.notify();
      });
    this.inFlight.set(sending, queuedBatch);
  }
}
