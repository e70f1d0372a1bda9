import { hrtime } from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';

/** Time and random numbers, injected everywhere so that tests can set them. */
export interface Clock {
  /** Wall-clock time in epoch milliseconds, for what other processes and later runs read. It may jump. */
  readonly now: () => number;
  /**
   * Monotonic milliseconds, for durations and deadlines: the same for all processes and threads of a machine, from when it was started. It does
   * not jump when somebody sets the time, and a suspended machine does not count.
   */
  readonly elapsed: () => number;
  /** Resolves after `milliseconds`, or at once when the signal aborts; never rejects. One wait is {@link LONGEST_WAIT_MS} at most. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
}

/**
 * One day. Callers look again after each wait. Node's timers overflow above 2^31 - 1 ms and then fire at once: a server that
 * said `Retry-After: Fri, 31 Dec 2999` was asked 300 times a second.
 */
export const LONGEST_WAIT_MS = 86_400_000;

/** A wait that a timer takes: 0 for what is negative or not a number. */
export function clampWait(milliseconds: number): number {
  return milliseconds > 0 ? Math.min(milliseconds, LONGEST_WAIT_MS) : 0;
}

/** When this process, or this thread of it, began: `performance.now` counts from there, by the same clock (CLOCK_MONOTONIC). */
const STARTED = Number(hrtime.bigint()) / 1e6 - performance.now();

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => STARTED + performance.now(),
  random: Math.random,
  sleep: (milliseconds, signal) => wait(clampWait(milliseconds), undefined, { signal }).catch(() => undefined),
};
