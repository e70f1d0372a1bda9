import type { SinkError } from '../sink/sink.ts';
import type { Clock } from '../core/clock.ts';
import type { SpoolReader } from './spool-reader.ts';
import type { SpoolWriter } from './spool-writer.ts';
import type { Condition } from './condition.ts';

/** Number of spooled batches of a working sink above which reading a file pauses. */
const MAX_BACKLOG = 16;

/** The pipeline for which reading may be delayed. */
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

/** Delays reading while the spool is full, and reading a file while a working sink is behind. */
export class SpoolRoom {
  private readonly spoolWriter: SpoolWriter;
  private readonly spoolReader: SpoolReader;
  private readonly changed: Condition;
  private readonly options: RoomOptions;
  private readonly pipeline: HeldUp;

  constructor(spoolWriter: SpoolWriter, spoolReader: SpoolReader, changed: Condition, options: RoomOptions, pipeline: HeldUp) {
    this.spoolWriter = spoolWriter;
    this.spoolReader = spoolReader;
    this.changed = changed;
    this.options = options;
    this.pipeline = pipeline;
  }

  /** If a promise is returned, await it before reading on. */
  wait(): Promise<void> | undefined {
    if (this.spoolWriter.isFull()) return this.waitWhileFull();
    return this.isBehind ? this.waitForSpoolReader() : undefined;
  }

  private get isBehind(): boolean {
    return this.pipeline.failure === undefined && this.spoolWriter.backlog > MAX_BACKLOG;
  }

  private async waitWhileFull(): Promise<void> {
    const { clock, retryForMs, signal } = this.options;
    for (let until = clock.elapsed() + retryForMs; this.spoolWriter.isFull();) {
      const left = until - clock.elapsed();
      if (left <= 0 || signal.aborted || !this.spoolReader.isWorking) return this.spoolWriter.giveUpReading();
      // The spool is being emptied, so waiting helps.
      if (await this.changed.within(left)) until = clock.elapsed() + retryForMs;
    }
  }

  private async waitForSpoolReader(): Promise<void> {
    const { clock } = this.options;
    const until = clock.elapsed() + this.pipeline.patienceMs;
    while (this.spoolReader.active && this.isBehind) {
      const left = until - clock.elapsed();
      if (left <= 0) return;
      await this.changed.within(left);
    }
  }
}
