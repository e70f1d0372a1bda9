import type { SinkError } from '../sink/sink.ts';
import type { Clock } from '../clock.ts';
import type { Drain } from './drain.ts';
import type { Keeper } from './keeper.ts';
import type { Signal } from './signal.ts';

/** Batches that may wait on disk while the sink works, before reading a file waits for it. */
const MAX_BACKLOG = 16;

/** The lane whose reading is held up. */
interface HeldUp {
  /** Why the sink does not work now. */
  readonly failure: SinkError | undefined;
  /** How long it may hold up reading, in milliseconds. */
  readonly patienceMs: number;
}

interface RoomOptions {
  readonly clock: Clock;
  readonly retryForMs: number;
  readonly signal: AbortSignal;
}

/** Holds up reading while the spool is full, and reading a file while a sink that works is behind. */
export class SpoolRoom {
  private readonly keeper: Keeper;
  private readonly drain: Drain;
  private readonly changed: Signal;
  private readonly options: RoomOptions;
  private readonly lane: HeldUp;

  constructor(keeper: Keeper, drain: Drain, changed: Signal, options: RoomOptions, lane: HeldUp) {
    this.keeper = keeper;
    this.drain = drain;
    this.changed = changed;
    this.options = options;
    this.lane = lane;
  }

  /** A promise means: wait for it. */
  wait(): Promise<void> | undefined {
    if (this.keeper.isFull()) return this.waitWhileFull();
    return this.isBehind ? this.waitForDrain() : undefined;
  }

  private get isBehind(): boolean {
    return this.lane.failure === undefined && this.keeper.backlog > MAX_BACKLOG;
  }

  private async waitWhileFull(): Promise<void> {
    const { clock, retryForMs, signal } = this.options;
    for (let until = clock.elapsed() + retryForMs; this.keeper.isFull();) {
      const left = until - clock.elapsed();
      if (left <= 0 || signal.aborted || !this.drain.isWorking) return this.keeper.giveUpReading();
      // It moves: then waiting has a use.
      if (await this.changed.within(left)) until = clock.elapsed() + retryForMs;
    }
  }

  private async waitForDrain(): Promise<void> {
    const { clock } = this.options;
    const until = clock.elapsed() + this.lane.patienceMs;
    while (this.drain.active && this.isBehind) {
      const left = until - clock.elapsed();
      if (left <= 0) return;
      await this.changed.within(left);
    }
  }
}
