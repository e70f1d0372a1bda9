/** For another batch, which shows whether the oldest one is to blame, however late it is. */
const LEAST_MS = 5000;

interface Failing {
  /** When the sink has begun to fail, by the clock's `elapsed`; undefined: it works. */
  readonly since: number | undefined;
  readonly retryForMs: number;
  /** What one answer may take, in milliseconds; undefined: nobody answers. */
  readonly answerMs: number | undefined;
}

/**
 * What another attempt may take, in milliseconds, so that a sink that takes what it is told and never answers holds nobody up: no longer than until
 * its time to be tried again, and that of one answer, are over. `now`: by the clock's `elapsed`.
 */
export function attemptLimitMs({ since, retryForMs, answerMs }: Failing, now: number): number {
  if (since === undefined || answerMs === undefined) return Number.POSITIVE_INFINITY;
  return Math.max(LEAST_MS, since + retryForMs + answerMs - now);
}
