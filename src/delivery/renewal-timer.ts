import { Deadline } from '../core/deadline.ts';
import { mistake } from '../core/mistake.ts';
import { type Sink, SinkError } from '../sink/sink.ts';
import { attemptLimitMs } from './attempt-limit.ts';
import type { SinkHealth } from './sink-health.ts';
import type { SinkPipelineOptions } from './sink-pipeline-options.ts';

/** Calls a sink's `renew` when it is due. */
export class RenewalTimer {
  private readonly sink: Sink;
  private readonly options: SinkPipelineOptions;
  private readonly health: SinkHealth;
  private isRenewing = false;

  constructor(sink: Sink, options: SinkPipelineOptions, health: SinkHealth) {
    this.sink = sink;
    this.options = options;
    this.health = health;
  }

  /** Renews if due. Whether the server accepted it; a failure is noted. */
  async look(): Promise<boolean> {
    const { renewal } = this.sink;
    const due = this.isRenewing ? undefined : renewal?.due();
    if (renewal === undefined || due === undefined || due > this.options.clock.now()) return false;
    this.isRenewing = true;
    const began = this.options.clock.elapsed();
    const deadline = new Deadline(this.limitMs(began), this.options.signal);
    try {
      await renewal.renew(deadline.signal);
      return true;
    } catch (error) {
      this.health.failed(error instanceof SinkError ? error : this.ours(error), began);
      return false;
    } finally {
      deadline.end();
      this.isRenewing = false;
    }
  }

  private limitMs(now: number): number {
    return attemptLimitMs({ since: this.health.failingSince, retryForMs: this.options.retryForMs, answerMs: this.sink.answerMs }, now);
  }

  /** The error for the state file or a bug, which concerns this sink only. */
  private ours(error: unknown): SinkError {
    const { message, hint } = mistake(`renewing what ${this.sink.name} would forget`, error);
    return new SinkError('permanent', message, { hint, cause: error });
  }
}
