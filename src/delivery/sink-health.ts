import type { Clock } from '../core/clock.ts';
import type { SinkError } from '../sink/sink.ts';

/** Whether a sink works, as far as the last attempt has shown. */
export class SinkHealth {
  /** Why the sink does not work now; undefined again when it does. */
  failure: SinkError | undefined;
  /** Events that the sink has taken so far, in whatever way. */
  taken = 0;
  /** The server's reason for the first event that it rejected. */
  firstRejection: string | undefined;
  /** Why it does not take the first event that waits although it takes others. */
  firstRefusal: string | undefined;
  /** Why it does not take some events although it may take others: a person has to change something there. */
  barred: SinkError | undefined;
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
    this.failure = undefined;
    this.failingSince = undefined;
  }

  /** For how long the sink has failed, in milliseconds; 0 when it works. */
  get failingForMs(): number {
    return this.failingSince === undefined ? 0 : this.clock.elapsed() - this.failingSince;
  }
}
