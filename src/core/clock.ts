import { setTimeout as wait } from 'node:timers/promises';

/** Time and chance, the only door to both, so that tests can hold them. */
export interface Clock {
  /** What time it is, epoch milliseconds: for events, files and whatever another process or run will read. It may jump. */
  readonly now: () => number;
  /** Milliseconds since some beginning of this process: for how long something took, or may still take. Never set, never back. */
  readonly elapsed: () => number;
  /** Resolves after `milliseconds`, or at once when the signal aborts; never rejects. One wait is {@link LONGEST_WAIT_MS} at most. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
}

/**
 * A day. Whoever is woken looks again, so it costs nothing; and a timer of Node overflows above 2^31 - 1 ms, and
 * then goes off at once: a server that said `Retry-After: Fri, 31 Dec 2999` was asked 300 times a second.
 */
export const LONGEST_WAIT_MS = 86_400_000;

/** A time to wait as a timer takes it: what is no number, or negative, is none. */
export function clampWait(milliseconds: number): number {
  return milliseconds > 0 ? Math.min(milliseconds, LONGEST_WAIT_MS) : 0;
}

export const systemClock: Clock = {
  now: Date.now,
  elapsed: () => performance.now(),
  random: Math.random,
  sleep: (milliseconds, signal) => wait(clampWait(milliseconds), undefined, { signal }).catch(() => undefined),
};
