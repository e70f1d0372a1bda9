/** Even a late attempt gets this long: it is for another batch, which shows whether the oldest one is to blame. */
const LEAST_MS = 5000;

interface Failing {
  /** When the sink began to fail, by the clock's `elapsed`; undefined while it works. */
  readonly since: number | undefined;
  readonly retryForMs: number;
  /** Limit of one answer, in milliseconds; undefined for a sink that gets no answers. */
  readonly answerMs: number | undefined;
}

/**
 * Time limit of the next attempt, in milliseconds. A sink that accepts data and never answers must not block for longer than its retry time
 * and the time of one answer. `now`: by the clock's `elapsed`.
 */
export function attemptLimitMs({ since, retryForMs, answerMs }: Failing, now: number): number {
  if (since === undefined || answerMs === undefined) return Number.POSITIVE_INFINITY;
  return Math.max(LEAST_MS, since + retryForMs + answerMs - now);
}
