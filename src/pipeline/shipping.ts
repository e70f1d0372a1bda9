import type { Clock } from '../core/clock.ts';
import type { Delivery } from '../delivery/delivery.ts';
import type { EventOptions } from '../event/context.ts';
import type { Finder } from '../finding/finder.ts';
import type { ChangeTracker } from './change-tracker.ts';
import type { HealthReporter } from './health-reporter.ts';
import type { Threads } from './threads/threads.ts';

/** What every source is shipped with. */
export interface Shipping {
  readonly delivery: Delivery;
  readonly healthReporter: HealthReporter | undefined;
  readonly tracker: ChangeTracker | undefined;
  readonly finder: Finder;
  readonly threads: Threads | undefined;
  readonly event: EventOptions;
  readonly clock: Clock;
  readonly stop: AbortSignal;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** Called for every piece of input; cheap to ignore. */
export interface Progress {
  readonly source: string;
  readonly bytes: number;
  readonly hosts: number;
  readonly events: number;
  /** nmap's current task, for example `SYN Stealth Scan 42.5%`. */
  readonly task: string | undefined;
}
