import type { Clock } from '../core/clock.ts';
import type { Store } from '../state/store.ts';

export interface SinkPipelineOptions {
  readonly clock: Clock;
  /** Where what cannot be delivered is kept; a sink that discards it needs none. */
  readonly store: Store | undefined;
  /** How long a busy or failing sink is tried again, in milliseconds. */
  readonly retryForMs: number;
  /** Aborted: no more waiting, what cannot be sent at once is kept. */
  readonly signal: AbortSignal;
  /** Send what the ledger knows as delivered too. */
  readonly again?: boolean;
  /** Nothing more is read, and the end waits for this sink to work again. */
  readonly onWaiting?: ((sink: string) => void) | undefined;
}
