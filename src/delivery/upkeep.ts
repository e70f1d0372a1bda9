import type { Clock } from '../core/clock.ts';
import { mistake } from '../core/mistake.ts';
import { type Sink, SinkError } from '../sink/sink.ts';

/** Calls a sink's upkeep when it is due: renews what the server would forget. */
export class UpkeepTimer {
  private readonly sink: Sink;
  private readonly clock: Clock;
  private readonly signal: AbortSignal;
  private isRenewing = false;

  constructor(sink: Sink, clock: Clock, signal: AbortSignal) {
    this.sink = sink;
    this.clock = clock;
    this.signal = signal;
  }

  /** Undefined when nothing was due; else whether the server has taken it, or why not. */
  async look(): Promise<'renewed' | SinkError | undefined> {
    const { upkeep } = this.sink;
    const due = this.isRenewing ? undefined : upkeep?.due();
    if (upkeep === undefined || due === undefined || due > this.clock.now()) return undefined;
    this.isRenewing = true;
    try {
      await upkeep.renew(this.signal);
      return 'renewed';
    } catch (error) {
      if (error instanceof SinkError) return error;
      // An error of the state file, or a bug, concerns this sink alone.
      const { message, hint } = mistake(`telling ${this.sink.name} what stands`, error);
      return new SinkError('permanent', message, { hint, cause: error });
    } finally {
      this.isRenewing = false;
    }
  }
}
