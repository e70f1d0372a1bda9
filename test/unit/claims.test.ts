import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { SinkError } from '../../src/sink/sink.ts';
import type { Tally } from '../../src/state/tally.ts';
import { NOTHING } from '../support/delivery.ts';
import { endProcesses, EVENTS, MINUTES, Process, takes } from '../support/processes.ts';
import { fastDir } from '../support/run-portlog.ts';

/* Several processes with one state ship the same scan to a receiver that cannot tell. */

endProcesses();
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
/** How often each event was sent. */
const times = (...processes: readonly Process[]): readonly number[] =>
  EVENTS.map(({ id }) => processes.flatMap(({ sent }) => sent).filter((one) => one === id).length);
const ONCE = EVENTS.map(() => 1);

describe('two processes at the same time', () => {
  test.for([false, true])('send each event once; --again: %j', async (again) => {
    const stateDir = fastDir();
    const before = new Process(stateDir);
    if (again) await before.ship();
    before.store.close();
    const both = [new Process(stateDir, again), new Process(stateDir, again)] as const;
    for (const one of both) one.answer = (batch) => soon().then(() => takes(batch));
    const tallies = await Promise.all(both.map((one) => one.ship()));
    expect(times(...both)).toEqual(ONCE);
    expect(tallies.map(({ read }) => read)).toEqual([24, 24]);
    expect(tallies.reduce((sum, { delivered }) => sum + delivered, 0)).toBe(24);
  });

  test('the same events in another order, in batches of others', async () => {
    const stateDir = fastDir();
    const both = [new Process(stateDir), new Process(stateDir)] as const;
    for (const one of both) one.answer = (batch) => soon().then(() => takes(batch));
    const hosts = Array.from({ length: 12 }, (_, i) => EVENTS.slice(2 * i, 2 * i + 2));
    await Promise.all([both[0].ship(), both[1].ship(hosts.toReversed().flat())]);
    expect(times(...both)).toEqual(ONCE);
  });

  test('never wait for each other, though a batch of each is not full yet', async () => {
    const stateDir = fastDir();
    const both = [0, 1].map(() => new Process(stateDir, false, ({ dataset }) => dataset));
    for (const one of both) one.answer = (batch) => soon().then(() => takes(batch));
    const hosts = EVENTS.filter((_, i) => i % 2 === 0);
    const halves = [hosts.slice(0, 6), hosts.slice(6)] as const;
    // Of the first host of each half, the port waits in memory for others of its kind.
    const inOrder = halves.map(([first, ...others]) => [first, EVENTS[EVENTS.indexOf(first!) + 1], ...others].filter((one) => one !== undefined));
    for (const [i, one] of both.entries()) for (const event of inOrder[i]!) await one.delivery.push(event);
    await Promise.all(both.map((one, i) => one.ship(inOrder[1 - i])));
    expect(times(...both).filter((often) => often !== 1 && often !== 0)).toEqual([]);
    expect(both.map(({ tally }) => [tally.read, tally.delivered])).toEqual([
      [14, 7],
      [14, 7],
    ]);
  });

  test('leave no claims behind', async () => {
    const stateDir = fastDir();
    const both = [new Process(stateDir), new Process(stateDir)] as const;
    await Promise.all(both.map((one) => one.ship()));
    expect(both[0].store.database.all('SELECT * FROM claim')).toEqual([]);
  });
});

describe('a process that is interrupted while it waits for another one', () => {
  async function interrupted(passes: number): Promise<{ readonly tally: Tally; readonly all: readonly Process[] }> {
    const stateDir = fastDir();
    const [one, other] = [new Process(stateDir), new Process(stateDir)];
    const { promise, resolve } = Promise.withResolvers<void>();
    one.answer = (batch) => promise.then(() => takes(batch));
    const ended = one.ship();
    await expect.poll(() => one.sent.length).toBe(6);
    const shipped = other.ship();
    await soon();
    other.interrupt();
    await soon();
    other.pass(passes);
    if (passes > 0) await shipped;
    resolve();
    await ended;
    const tally = await shipped;
    for (const { store } of [one, other]) store.close();
    const last = new Process(stateDir);
    await last.ship();
    return { tally, all: [one, other, last] };
  }

  test('keeps nothing that the other one delivers at that moment', async () => {
    const { tally, all } = await interrupted(0);
    expect(times(...all)).toEqual(ONCE);
    expect(tally).toMatchObject({ read: 24, already: 24 });
  });

  test('takes over after some seconds what the other one has not delivered, which does not send it any more', async () => {
    const { tally, all } = await interrupted(5001);
    // What was on its way is there twice: nobody knew that it would arrive.
    expect(times(...all).filter((often) => often > 1).length).toBe(6);
    expect(tally).toMatchObject({ read: 24, delivered: 24 });
  });
});

test('an incomplete group is released when it is delivered: the rest of it is sent by another process', async () => {
  const stateDir = fastDir();
  const [cut, whole] = [new Process(stateDir), new Process(stateDir)];
  for (const event of EVENTS.slice(0, 3)) await cut.delivery.push(event);
  cut.delivery.abandonAckGroup();
  await cut.delivery.drain();
  expect(cut.store.database.all('SELECT * FROM claim')).toEqual([]);
  expect(await whole.ship()).toMatchObject({ delivered: 21, already: 3 });
});

describe('a process that is stopped for minutes with claims', () => {
  /** The first one is stopped while its first batch is on its way; the second one has shipped everything meanwhile. */
  async function takenOver(answer: Process['answer']): Promise<{ readonly stopped: Process; readonly other: Process; readonly tally: Tally }> {
    const stateDir = fastDir();
    const [stopped, other] = [new Process(stateDir), new Process(stateDir)];
    const { promise, resolve } = Promise.withResolvers<void>();
    stopped.answer = async (batch) => {
      await promise;
      return answer(batch);
    };
    const ended = stopped.ship();
    await expect.poll(() => stopped.sent.length).toBe(6);
    const shipped = other.ship();
    await soon();
    expect(other.sent).toEqual([]);
    other.pass(MINUTES);
    expect(await shipped).toMatchObject({ delivered: 24 });
    resolve();
    return { stopped, other, tally: await ended };
  }

  test('sends nothing, when it continues, that another one has taken over', async () => {
    const { stopped, other, tally } = await takenOver(takes);
    // What was on its way when it was stopped may be there twice, and no more.
    expect([stopped.sent.length, other.sent.length]).toEqual([6, 24]);
    expect(tally).toMatchObject({ read: 24, delivered: 6, already: 18 });
  });

  test('nor tries it again', async () => {
    const { stopped, tally } = await takenOver(({ entries }) => ({ ...NOTHING, delivered: 2, retry: entries.slice(2) }));
    expect(stopped.sent.length).toBe(6);
    expect(tally).toMatchObject({ read: 24, delivered: 2, already: 22 });
  });

  test('nor keeps it on disk when its server is down', async () => {
    const { stopped, tally } = await takenOver(() => new SinkError('permanent', 'down'));
    expect([stopped.sent.length, stopped.waiting]).toEqual([6, 0]);
    expect(tally).toMatchObject({ read: 24, delivered: 0, already: 24 });
  });

  test('nor stores it as a dead letter: what the server rejects of the rest is one', async () => {
    const { tally } = await takenOver(({ entries }) => ({
      ...NOTHING,
      delivered: entries.length - 1,
      rejected: entries.slice(0, 1).map((entry) => ({ entry, reason: 'no' })),
    }));
    expect(tally).toMatchObject({ read: 24, delivered: 5, dead: 1, already: 18 });
  });
});

describe('a process that is stopped for minutes while it sends from disk', () => {
  async function takenOver(answer: Process['answer']): Promise<{ readonly stopped: Process; readonly other: Process }> {
    const stateDir = fastDir();
    const first = new Process(stateDir);
    first.answer = () => new SinkError('permanent', 'down');
    expect(await first.ship()).toMatchObject({ spooled: 24 });
    first.store.close();
    const stopped = new Process(stateDir);
    const { promise, resolve } = Promise.withResolvers<void>();
    stopped.answer = async (batch) => {
      await promise;
      return answer(batch);
    };
    stopped.delivery.start(false);
    await expect.poll(() => stopped.sent.length).toBe(6);
    const other = new Process(stateDir);
    other.pass(2.1 * MINUTES);
    stopped.pass(2.1 * MINUTES);
    other.delivery.start(false);
    await other.delivery.finish();
    resolve();
    await stopped.delivery.finish();
    return { stopped, other };
  }

  test('sends nothing, when it continues, that another one has sent', async () => {
    const { stopped, other } = await takenOver(takes);
    expect([stopped.sent.length, other.sent.length]).toEqual([6, 24]);
    expect(times(other)).toEqual(ONCE);
    expect(other.delivery.report()).toMatchObject([{ waiting: 0, replayed: { read: 24, delivered: 24 } }]);
  });

  test('nor tries it again', async () => {
    const { stopped } = await takenOver(({ entries }) => ({ ...NOTHING, delivered: 2, retry: entries.slice(2) }));
    expect(stopped.sent.length).toBe(6);
    expect(stopped.delivery.report()).toMatchObject([{ waiting: 0, replayed: { read: 2, delivered: 2 } }]);
  });
});

describe('only one process sends from disk', () => {
  test.for<[what: string, change: (other: Process) => void]>([
    ['when another one has read the time a moment before it', (other) => other.pass(-3)],
    ['when somebody sets the clock on by two minutes', (other) => other.setClock(2.1 * MINUTES)],
    ['when somebody sets the clock back', (other) => other.setClock(-60 * MINUTES)],
  ])('%s', async ([, change]) => {
    const stateDir = fastDir();
    const first = new Process(stateDir);
    first.answer = () => new SinkError('permanent', 'down');
    await first.ship();
    first.store.close();
    const [one, other] = [new Process(stateDir), new Process(stateDir)];
    const { promise, resolve } = Promise.withResolvers<void>();
    one.answer = (batch) => promise.then(() => takes(batch));
    one.delivery.start(false);
    await expect.poll(() => one.sent.length).toBe(6);
    change(other);
    other.delivery.start(false);
    await soon();
    expect(other.sent).toEqual([]);
    resolve();
    await Promise.all([one.delivery.finish(), other.delivery.finish()]);
    expect(times(one, other)).toEqual(ONCE);
  });
});

test('a process that continues after it has sent everything from disk delays no later sender', async () => {
  const stateDir = fastDir();
  const first = new Process(stateDir);
  first.answer = () => new SinkError('permanent', 'down');
  await first.ship(EVENTS.slice(0, 12));
  first.store.close();
  const [one, other] = [new Process(stateDir), new Process(stateDir)];
  one.delivery.start(false);
  await expect.poll(() => one.sent.length).toBe(12);
  await one.delivery.drain();
  other.answer = () => ((other.answer = takes), new SinkError('temporary', 'busy'));
  expect(
    await Promise.race([
      other.ship(EVENTS.slice(12)),
      soon()
        .then(soon)
        .then(() => 'waits'),
    ]),
  ).toMatchObject({ delivered: 12, spooled: 0 });
});

test('the clock of the lease is the same in all processes and threads', () => {
  const { href } = new URL('../../src/core/clock.ts', import.meta.url);
  const say = `import { systemClock } from ${JSON.stringify(href)}; setTimeout(() => console.log(systemClock.elapsed()), 100);`;
  const before = systemClock.elapsed();
  const said = Number(execFileSync(process.execPath, ['--input-type=module', '-e', say], { encoding: 'utf8' }));
  expect([said > before, said < systemClock.elapsed()]).toEqual([true, true]);
});

test('claims of a killed process are taken over at once', async () => {
  const stateDir = fastDir();
  const [first, second] = [new Process(stateDir), new Process(stateDir)];
  first.answer = () => new Promise(() => undefined);
  void first.ship();
  await expect.poll(() => first.sent.length).toBe(6);
  const shipped = second.ship();
  await soon();
  expect(second.sent).toEqual([]);
  first.kill();
  expect(await shipped).toMatchObject({ delivered: 24 });
});

test('a batch costs three statements, whatever is in it', async () => {
  const process = new Process(fastDir());
  const { database } = process.store;
  const asked: string[] = [];
  for (const key of ['run', 'get', 'all'] as const) {
    const ask = database[key].bind(database) as (sql: string, ...values: readonly never[]) => never;
    database[key] = (sql: string, ...values: readonly unknown[]): never => {
      if (/\bclaim\b/.test(sql)) asked.push(sql.slice(0, 6));
      return ask(sql, ...(values as readonly never[]));
    };
  }
  await process.ship();
  const batches = EVENTS.length / 6;
  // Those of others, its own, whether that is still there, and its end; and all of them at the end of the run.
  expect(asked.filter((sql) => sql === 'SELECT').length).toBe(2 * batches);
  expect(asked.filter((sql) => sql === 'INSERT').length).toBe(batches);
  expect(asked.filter((sql) => sql === 'DELETE').length).toBeLessThanOrEqual(batches + 1);
});
