import type { BatchLimits } from '../sink/sink.ts';
import { mayJoin, type Parcel } from './parcel.ts';
import type { Signal } from './signal.ts';

/** The batches of a sink that go to it directly: those on their way, and those in memory behind them. */
export class Outbound {
  private readonly limits: BatchLimits;
  private readonly send: (parcel: Parcel) => Promise<void>;
  private readonly changed: Signal;
  private readonly queue: Parcel[] = [];
  private readonly inFlight = new Map<Promise<void>, Parcel>();
  /** A mistake of ours while sending in the background. */
  mistake: unknown;

  /** `changed` is told whenever a batch has come to its end. */
  constructor(limits: BatchLimits, send: (parcel: Parcel) => Promise<void>, changed: Signal) {
    this.limits = limits;
    this.send = send;
    this.changed = changed;
  }

  /** Batches that wait for their turn. */
  get queued(): number {
    return this.queue.length;
  }

  get sending(): number {
    return this.inFlight.size;
  }

  add(parcel: Parcel): void {
    this.queue.push(parcel);
    this.start();
  }

  /** Takes back what has not started yet, in order. */
  takeQueued(): readonly Parcel[] {
    return this.queue.splice(0);
  }

  /** Starts what may start: within the limits of the sink, in order within a partition. */
  private start(): void {
    for (let i = 0; i < this.queue.length && this.inFlight.size < this.limits.inFlight;) {
      const parcel = this.queue[i] as Parcel;
      const waitsBehind = this.queue.slice(0, i).some(({ batch }) => batch.partition === parcel.batch.partition);
      if (waitsBehind || !mayJoin(parcel, [...this.inFlight.values()], this.limits)) i++;
      else {
        this.queue.splice(i, 1);
        this.launch(parcel);
      }
    }
  }

  private launch(parcel: Parcel): void {
    const sending: Promise<void> = this.send(parcel)
      .catch((error: unknown) => {
        this.mistake ??= error;
      })
      .finally(() => {
        this.inFlight.delete(sending);
        this.start();
        this.changed.notify();
      });
    this.inFlight.set(sending, parcel);
  }
}
