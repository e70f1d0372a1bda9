import type { Clock } from '../core/clock.ts';
import type { Store } from '../state/store.ts';

export interface SinkPipelineOptions {
  readonly clock: Clock;
  /** Keeps undelivered events; not needed for a sink that discards them. */
  readonly store: Store | undefined;
  /** How long a busy or failing sink is retried, in milliseconds. */
  readonly retryForMs: number;
  /** When aborted, waiting ends, and what cannot be sent at once is kept. */
  readonly signal: AbortSignal;
  /** Also send what the ledger knows as delivered. */
  readonly again?: boolean;
  /** Called when everything is read and the end waits for this sink to recover. */
  readonly onWaiting?: ((sink: string) => void) | undefined;
}
