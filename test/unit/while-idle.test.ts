import { expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { whileIdle } from '../../src/pipeline/while-idle.ts';

async function* pieces(wait: Promise<void>): AsyncGenerator<number> {
  yield 1;
  yield 2;
  await wait;
  yield 3;
}

async function taken(hasWork: boolean): Promise<readonly string[]> {
  const said: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  if (!hasWork) setTimeout(resolve, 300);
  const work = async (): Promise<void> => {
    said.push('work');
    resolve();
  };
  for await (const piece of whileIdle(pieces(promise), systemClock, () => hasWork, work)) said.push(String(piece));
  return said;
}

test('waiting work is done while the next piece is delayed, and not before', async () => {
  expect(await taken(true)).toEqual(['1', '2', 'work', '3']);
});

test('where nothing waits, nothing is done', async () => {
  expect(await taken(false)).toEqual(['1', '2', '3']);
});

test('pieces that are there at once take no timer', async () => {
  let sleeps = 0;
  const clock: Clock = {
    ...systemClock,
    sleep(milliseconds, signal) {
      sleeps++;
      return systemClock.sleep(milliseconds, signal);
    },
  };
  const taken: number[] = [];
  const input = pieces(Promise.resolve());
  for await (const piece of whileIdle(
    input,
    clock,
    () => true,
    async () => undefined,
  ))
    taken.push(piece);
  expect([taken, sleeps]).toEqual([[1, 2, 3], 0]);
});

test('a consumer that stops ends the input', async () => {
  let ended = false;
  const endless = async function* (): AsyncGenerator<number> {
    try {
      for (;;) yield 1;
    } finally {
      ended = true;
    }
  };
  for await (const piece of whileIdle(
    endless(),
    systemClock,
    () => true,
    async () => undefined,
  ))
    if (piece === 1) break;
  expect(ended).toBe(true);
});

test('work that fails is reported at once, although the next piece never comes', async () => {
  const silent = pieces(new Promise(() => undefined));
  const failing = async (): Promise<void> => {
    for await (const piece of whileIdle(
      silent,
      systemClock,
      () => true,
      async () => Promise.reject(new Error('no')),
    ))
      expect(piece).toBeLessThan(3);
  };
  await expect(failing()).rejects.toThrow('no');
}, 5000);
