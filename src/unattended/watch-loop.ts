import type { Clock } from '../core/clock.ts';
import type { PortlogError } from '../core/errors.ts';
import { mistake } from '../core/mistake.ts';
import type { Housekeeping } from './housekeeping.ts';
import type { Watcher } from './watcher.ts';

export interface WatchLoopOptions {
  readonly pollMs: number;
  readonly clock: Clock;
  readonly stop: AbortSignal;
  /** Called for errors of the loop itself (a state that cannot be read); it is retried. */
  readonly onProblem: (error: PortlogError) => void;
  /** After each look; `isDone`: nothing was left to do. */
  readonly onLook?: (isDone: boolean) => void;
}

/** Pause between two looks, as a multiple of the time that a look takes. */
const REST = 9;
/** Longest pause. */
const MAX_REST_MS = 600_000;

/** Looks into directories and for waiting events, until stopped. */
export async function watchLoop(
  watcher: Pick<Watcher, 'look'>,
  housekeeping: Pick<Housekeeping, 'look'> | undefined,
  { pollMs, clock, stop, onProblem, onLook }: WatchLoopOptions,
): Promise<void> {
  /** Duration of the look before; the shorter of two counts, in case one was paused. */
  let before = 0;
  let lastMessage: string | undefined;
  while (!stop.aborted) {
    let restMs = pollMs;
    try {
      const began = clock.elapsed();
      const isBusy = await watcher.look();
      const tookMs = clock.elapsed() - began;
      restMs = isBusy ? 0 : Math.max(pollMs, Math.min(Math.min(before, tookMs) * REST, MAX_REST_MS));
      before = tookMs;
      onLook?.(!isBusy);
      await housekeeping?.look();
      lastMessage = undefined;
    } catch (error) {
      const problem = mistake('looking for new files and waiting events', error);
      // The same problem is reported once, because a full disk will still be full at the next look.
      if (problem.message !== lastMessage) onProblem(problem);
      lastMessage = problem.message;
      onLook?.(false);
    }
    if (restMs > 0) await clock.sleep(restMs, stop);
  }
}
