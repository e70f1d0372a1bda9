/** A person notices a quarter of a second. */
const MOST_MS = 50;
let last = performance.now();

/**
 * Signals, timers and answers have their turn only when nothing else is to be done. Work that goes on and on asks this
 * between its steps: it gives a turn to wait for when there was none for a while, and else undefined.
 */
export function yieldToEventLoop(): Promise<void> | undefined {
  const now = performance.now();
  if (now - last < MOST_MS) return undefined;
  last = now;
  return new Promise((resolve) => void setImmediate(resolve));
}
