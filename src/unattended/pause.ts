/** Pauses between retries: from the first, doubling up to the last. Milliseconds. */
export interface Pauses {
  readonly firstMs: number;
  readonly lastMs: number;
}

/** The pause after one of `beforeMs`; undefined for the first. */
export function nextPauseMs(beforeMs: number | undefined, { firstMs, lastMs }: Pauses): number {
  return beforeMs === undefined ? firstMs : Math.min(beforeMs * 2, lastMs);
}

/** Whether a pause continues at `now`. An end further away than any pause means that the clock was set back. Epoch milliseconds. */
export function isPausing(until: number, now: number, { lastMs }: Pauses): boolean {
  return now < until && until - now <= lastMs;
}
