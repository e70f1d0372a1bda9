import type { Clock } from '../clock.ts';
import { PortlogError } from '../errors.ts';
import type { Caretaker } from './caretaker.ts';
import type { Watcher } from './watcher.ts';

export interface LookingOptions {
  readonly pollMs: number;
  readonly clock: Clock;
  readonly stop: AbortSignal;
  /** The state could not be read or written; it is tried again. */
  readonly onProblem: (error: PortlogError) => void;
}

/** Looks into directories and after what waits, until told to stop. */
export async function keepLooking(
  watcher: Watcher,
  caretaker: Caretaker | undefined,
  { pollMs, clock, stop, onProblem }: LookingOptions,
): Promise<void> {
  while (!stop.aborted) {
    let isBusy = false;
    try {
      isBusy = await watcher.look();
      await caretaker?.look();
    } catch (error) {
      if (!(error instanceof PortlogError)) throw error;
      onProblem(error);
    }
    if (!isBusy) await clock.sleep(pollMs, stop);
  }
}
