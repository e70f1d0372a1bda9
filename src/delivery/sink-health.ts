import type { Clock } from '../core/clock.ts';
import type { SinkError } from '../sink/sink.ts';

/** Whether a sink works, as far as the last attempt has shown. */
export class SinkHealth {
  /** Why the sink does not work now; undefined again when it does. */
  failure: SinkError | undefined;
  /** Number of events that the sink has accepted so far, directly or from the spool. */
  accepted = 0;
  /** The server's reason for the first event that it rejected. */
  firstRejection: string | undefined;
  /** The server's reason for the first event that it refuses for now, while it accepts others. */
  firstRefusal: string | undefined;
  /** Why some events are refused until a person changes something at the server, although others may be accepted. */
  blocked: SinkError | undefined;
  /** Whether the sink has worked in this run. */
  hasWorked = false;
  private readonly clock: Clock;
  /** When the first attempt of the current failure began. */
  failingSince: number | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** `since`: when the attempt began, by the clock's `elapsed`; default now. */
  failed(error: SinkError, since = this.clock.elapsed()): void {
    this.failure = error;
    this.failingSince ??= since;
  }

  succeeded(): void {
    this.hasWorked = true;
    this.failure = undefined;
    this.failingSince = undefined;
  }

  /** For how long the sink has failed, in milliseconds; 0 when it works. */
  get failingForMs(): number {
    return this.failingSince === undefined ? 0 : this.clock.elapsed() - this.failingSince;
  }
}
