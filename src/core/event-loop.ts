/** How long the event loop may be blocked, in milliseconds; people notice 250. */
const MOST_MS = 50;
let last = performance.now();

/**
 * For long synchronous work, called between its steps: a promise to await when signals, timers and I/O have not been served
 * for {@link MOST_MS}, else undefined.
 */
export function yieldToEventLoop(): Promise<void> | undefined {
  const now = performance.now();
  if (now - last < MOST_MS) return undefined;
  last = now;
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Each turn of the event loop hears what has come: on a busy machine a pause is over before that was done once. */
export function afterTurns(turns: number, work: () => void): void {
  if (turns === 0) work();
  else setImmediate(() => afterTurns(turns - 1, work));
}
