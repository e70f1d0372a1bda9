import type { Clock } from '../core/clock.ts';
import { afterTurns } from '../core/event-loop.ts';

/** A disk answers faster than this. */
const IDLE_AFTER_MS = 100;

/** Yields the pieces of an input. While it waits for a slow one, it does `work`, if there is any. */
export async function* whileIdle<T>(
  pieces: AsyncIterable<T>,
  clock: Clock,
  hasWork: () => boolean,
  work: () => Promise<void>,
): AsyncGenerator<T, void, undefined> {
  const iterator = pieces[Symbol.asyncIterator]();
  let isPending = false;
  try {
    for (;;) {
      const next = iterator.next();
      isPending = true;
      // Awaited below; if `work` fails first, nobody will.
      next.catch(() => undefined);
      if (hasWork() && !(await comesSoon(next, clock))) await work();
      const { done, value } = await next;
      isPending = false;
      if (done === true) return;
      yield value;
    }
  } finally {
    const ended = iterator.return?.();
    // A generator ends only behind its next piece. When `work` has failed, that may never come.
    if (isPending) ended?.catch(() => undefined);
    else await ended;
  }
}

/** Whether a piece arrives soon, successfully or not. */
async function comesSoon(next: Promise<unknown>, clock: Clock): Promise<boolean> {
  const settled = next.then(
    () => true,
    () => true,
  );
  // A piece that is in memory arrives at once, and a timer for each of thousands would cost more than reading them.
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
