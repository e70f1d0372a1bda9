import type { Clock } from '../core/clock.ts';
import { afterTurns } from '../core/event-loop.ts';

/** A disk answers sooner. */
const IDLE_AFTER_MS = 100;

/** Pieces of an input as they come. When the next one lets itself be waited for, `work` is done meanwhile, if there is any. */
export async function* whileIdle<T>(
  pieces: AsyncIterable<T>,
  clock: Clock,
  hasWork: () => boolean,
  work: () => Promise<void>,
): AsyncGenerator<T, void, undefined> {
  const iterator = pieces[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = iterator.next();
      // Awaited below: if `work` fails before that, nobody asks any more.
      next.catch(() => undefined);
      if (hasWork() && !(await comesSoon(next, clock))) await work();
      const { done, value } = await next;
      if (done === true) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}

/** Whatever it comes to. */
async function comesSoon(next: Promise<unknown>, clock: Clock): Promise<boolean> {
  const settled = next.then(
    () => true,
    () => true,
  );
  // Of what is in memory the next piece is there at once, and there may be thousands: a timer for each costs more than they do.
  const turn = new Promise<boolean>((resolve) => afterTurns(1, () => resolve(false)));
  if (await Promise.race([settled, turn])) return true;
  const enough = new AbortController();
  const late = clock.sleep(IDLE_AFTER_MS, enough.signal).then(() => false);
  try {
    return await Promise.race([settled, late]);
  } finally {
    enough.abort();
  }
}
