import type { Clock } from '../core/clock.ts';
import type { PortlogError } from '../core/errors.ts';
import { mistake } from '../core/mistake.ts';
import type { Housekeeping } from './housekeeping.ts';
import type { Watcher } from './watcher.ts';

export interface WatchLoopOptions {
  readonly pollMs: number;
  readonly clock: Clock;
  readonly stop: AbortSignal;
  /** Something went wrong that is nobody else's matter, as a state that cannot be read; it is tried again. */
  readonly onProblem: (error: PortlogError) => void;
  /** After each look; `isDone`: nothing was left to do. */
  readonly onLook?: (isDone: boolean) => void;
}

/** Looking takes a tenth of the time at most, however many files lie there. */
const REST = 9;
/** And no rest is longer than this. */
const MAX_REST_MS = 600_000;

/** Looks into directories and after what waits, until told to stop. */
export async function watchLoop(
  watcher: Pick<Watcher, 'look'>,
  housekeeping: Pick<Housekeeping, 'look'> | undefined,
  { pollMs, clock, stop, onProblem, onLook }: WatchLoopOptions,
): Promise<void> {
  /** How long the look before took: one that was paused, or through which a clock was set, is followed by one that was not. */
  let before = 0;
  let said: string | undefined;
  while (!stop.aborted) {
    let restMs = pollMs;
    try {
      const began = clock.now();
      const isBusy = await watcher.look();
      const tookMs = Math.max(0, clock.now() - began);
      restMs = isBusy ? 0 : Math.max(pollMs, Math.min(Math.min(before, tookMs) * REST, MAX_REST_MS));
      before = tookMs;
      onLook?.(!isBusy);
      await housekeeping?.look();
      said = undefined;
    } catch (error) {
      const problem = mistake('looking into directories and after what waits', error);
      // A disk that is full is, at the next look, too.
      if (problem.message !== said) onProblem(problem);
      said = problem.message;
      onLook?.(false);
    }
    if (restMs > 0) await clock.sleep(restMs, stop);
  }
}
