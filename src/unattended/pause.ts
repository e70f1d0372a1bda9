/** How long what did not go well rests before it is tried again: from the first pause on twice as long each time, up to the last. Milliseconds. */
export interface Pauses {
  readonly firstMs: number;
  readonly lastMs: number;
}

/** The pause after `beforeMs`; undefined: there was none. */
export function nextPauseMs(beforeMs: number | undefined, { firstMs, lastMs }: Pauses): number {
  return beforeMs === undefined ? firstMs : Math.min(beforeMs * 2, lastMs);
}

/** Whether a pause goes on at `now`. An end that is further away than any pause is of a clock that was set back since. Epoch milliseconds. */
export function isPausing(until: number, now: number, { lastMs }: Pauses): boolean {
  return now < until && until - now <= lastMs;
}
