import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../src/core/clock.ts';
import type { OptionsOf } from '../../src/sink/kinds.ts';
import type { Batch, Sink } from '../../src/sink/sink.ts';
import { wazuhSink } from '../../src/sink/wazuh/wazuh.ts';
import { clockAt } from '../support/delivery.ts';
import { page } from '../support/docs.ts';
import { FakeLogcollector, type LogcollectorOptions } from '../support/fake-logcollector.ts';
import { freshDir, ROOT } from '../support/run-portlog.ts';
import { sinkContract, NEVER } from '../support/sink-contract.ts';
import { sinkOptions } from '../support/sink-options.ts';

/* The file, and a stand-in for the agent that reads it. Time passes only when somebody sleeps. */

let path: string;
let clock: ReturnType<typeof clockAt>;
let agent: FakeLogcollector | undefined;
const told: string[] = [];
const sinks: Sink[] = [];

beforeEach(() => {
  path = join(freshDir(), 'wazuh.ndjson');
  clock = clockAt();
});
afterEach(async () => {
  await Promise.all(sinks.splice(0).map((sink) => sink.close()));
  agent?.stop();
  agent = undefined;
  told.length = 0;
});

function pass(milliseconds: number): void {
  for (let left = milliseconds; left > 0; left -= 1000) {
    clock.advance(Math.min(left, 1000));
    agent?.at(clock.now());
  }
}

function open(more: Partial<OptionsOf<'wazuh'>> = {}): Sink {
  const sink = wazuhSink(
    sinkOptions('wazuh', { target: path, clock: { ...clock, sleep: async (milliseconds) => pass(milliseconds) }, ...more }),
    (sentence) => void told.push(sentence),
  );
  sinks.push(sink);
  return sink;
}

function startAgent(options: LogcollectorOptions = {}): FakeLogcollector {
  agent = new FakeLogcollector(path, clock.now(), options);
  return agent;
}

function batchOf(from: number, count = 100): Batch {
  const entries = Array.from({ length: count }, (_, i) => {
    const line = `${JSON.stringify({ n: from + i })}\n`;
    return { id: String(from + i), dataset: 'nmap.change', time: 0, queued: 0, parts: [line], bytes: line.length, partition: '' } as const;
  });
  return { partition: '', entries, bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Sends so many lines, and lets the agent read to the end. */
async function send(sink: Sink, count: number, from = 0): Promise<void> {
  for (let n = 0; n < count; n += 100) await sink.send(batchOf(from + n), NEVER);
}

const numbers = ({ lines }: FakeLogcollector): readonly number[] => lines.map((line) => (JSON.parse(line) as { n: number }).n);
const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);

describe('the contract', () => sinkContract(async () => open()));

describe('an agent reads every line', () => {
  test.each([
    ['that a rotation falls among', { rotateBytes: 40_000 }],
    ['that many rotations fall among', { rotateBytes: 4000 }],
    ['that nothing falls among', { rotateBytes: 0 }],
  ])('%s', async (_, options) => {
    writeFileSync(path, '');
    const reader = startAgent();
    await send(open(options), 10_000);
    pass(130_000);
    expect(reader.dropped).toBe(0);
    expect(numbers(reader)).toEqual(upTo(10_000));
  });

  test('also of a file that was not there when it started', async () => {
    const reader = startAgent();
    await send(open(), 1000);
    pass(130_000);
    expect(numbers(reader)).toEqual(upTo(1000));
    expect(told).toEqual([`wazuh ${path} is a new file: it is written to in 70 s, when the agent has found it`]);
  });

  test('also of a file that somebody else has put aside', async () => {
    writeFileSync(path, '');
    const reader = startAgent();
    const sink = open();
    await send(sink, 1000);
    renameSync(path, `${path}.1`);
    await send(sink, 3000, 1000);
    pass(130_000);
    expect(numbers(reader)).toEqual(upTo(4000));
  });

  test('also when the process was killed right after a rotation', async () => {
    writeFileSync(path, '');
    const reader = startAgent();
    await send(open(), 1000);
    renameSync(path, `${path}.2026-01-31T12-00-00.000Z`);
    writeFileSync(path, '');
    pass(3000);
    await send(open(), 3000, 1000);
    pass(130_000);
    expect(numbers(reader)).toEqual(upTo(4000));
  });

  test('and two processes that write do not wait for a new file twice', async () => {
    const [one, other] = [open(), open()];
    await one.send(batchOf(0), NEVER);
    const started = clock.now();
    await other.send(batchOf(100), NEVER);
    expect(clock.now() - started).toBeLessThan(1000);
  });
});

describe('an agent that was down', () => {
  /** In bytes; as the files and the page that we give people say it. */
  const stated = (): Required<LogcollectorOptions> => {
    const snippet = readFileSync(join(ROOT, 'dashboards/wazuh/ossec-localfile.xml'), 'utf8');
    expect(page('docs/how-to/wazuh.md')).toContain(snippet.slice(snippet.indexOf('  <only-'), snippet.indexOf('\n</localfile>')));
    const [, maxSize, future] = /<only-future-events max-size="(\d+)GB">(\w+)</.exec(snippet) ?? [];
    const sizes = ['docs/how-to/wazuh.md', 'dashboards/wazuh/README.md'].map((name) => /logcollector\.queue_size=(\d+)/.exec(page(name))?.[1]);
    expect(new Set(sizes).size).toBe(1);
    return { onlyFutureEvents: future === 'yes', maxSize: Number(maxSize) * 2 ** 30, queueSize: Number(sizes[0]) };
  };
  /** 9,000 lines of 1,500 bytes are written while it is down. */
  async function readAfterwards(options: LogcollectorOptions): Promise<readonly number[]> {
    writeFileSync(path, '');
    const before = startAgent(options);
    await send(open(), 1000);
    pass(10_000);
    const where = before.stop();
    agent = undefined;
    appendFileSync(path, Array.from({ length: 9000 }, (_, n) => `${JSON.stringify({ n: 1000 + n, text: 'x'.repeat(1500) })}\n`).join(''));
    agent = new FakeLogcollector(path, clock.now(), options, where);
    pass(130_000);
    return [...numbers(before), ...numbers(agent)];
  }

  test('reads, with the snippets of the page, what was written meanwhile', async () => {
    expect(await readAfterwards(stated())).toEqual(upTo(10_000));
  });

  test.each([
    ['only-future-events', { onlyFutureEvents: true }, 1000],
    ['its max-size', { maxSize: 10 << 20 }, 1000],
    ['logcollector.queue_size', { queueSize: 1024 }, 2024],
  ])('does not without %s', async (_, stock, read) => {
    expect(await readAfterwards({ ...stated(), ...stock })).toHaveLength(read);
  });

  test('never reads the rest of a file that was put aside meanwhile', async () => {
    writeFileSync(path, '');
    const before = startAgent(stated());
    await send(open(), 1000);
    const where = before.stop();
    agent = undefined;
    await send(open(), 1000, 1000);
    renameSync(path, `${path}.1`);
    await send(open(), 1000, 2000);
    agent = new FakeLogcollector(path, clock.now(), stated(), where);
    pass(130_000);
    expect(numbers(agent)).toEqual(upTo(3000).slice(2000));
  });

  test('a file that it has never seen is read from its end, whatever the snippet says: so it comes first, and empty', async () => {
    await send(open(), 100);
    const reader = startAgent(stated());
    pass(130_000);
    expect(numbers(reader)).toEqual([]);
  });
});

test('what a person has made before is written to at once', async () => {
  writeFileSync(path, '');
  const started = clock.now();
  await open().send(batchOf(0), NEVER);
  expect([clock.now() - started, told]).toEqual([0, []]);
});

test('four hundred lines a second, of all processes together and of one after the other', async () => {
  writeFileSync(path, '');
  const started = clock.now();
  for (let n = 0; n < 4000; n += 400) {
    await Promise.all([open().send(batchOf(n), NEVER), open().send(batchOf(n + 100), NEVER)]);
    const short = open();
    await send(short, 200, n + 200);
    await short.close();
  }
  expect(clock.now() - started).toBeGreaterThanOrEqual(9500);
});

test('setting the wall clock forward by two minutes lets nobody write to a new file earlier', async () => {
  const impatient = open({ clock: { ...clock, sleep: async () => undefined } });
  await expect(impatient.send(batchOf(0), AbortSignal.abort())).rejects.toThrow('interrupted');
  const started = clock.elapsed();
  await open({ clock: { ...clock, now: () => clock.now() + 120_000, sleep: async (milliseconds) => pass(milliseconds) } }).send(batchOf(0), NEVER);
  expect(clock.elapsed() - started).toBeGreaterThanOrEqual(70_000);
});

test('a clock that was set back a day delays nobody', async () => {
  writeFileSync(path, '');
  await send(open(), 400);
  clock.advance(-86_400_000);
  const started = clock.now();
  await send(open(), 100, 400);
  expect(clock.now() - started).toBeLessThan(1000);
});

test('a damaged lock is replaced', async () => {
  writeFileSync(path, '');
  writeFileSync(join(path, '../.wazuh.ndjson.lock'), 'no database, and no lock either'.repeat(100));
  await open().send(batchOf(0), NEVER);
  expect(told).toEqual([]);
});

test('where others may write there is no lock, which could be a link of theirs', async () => {
  const elsewhere = join(freshDir(), 'elsewhere');
  symlinkSync(elsewhere, join(path, '../.wazuh.ndjson.lock'));
  chmodSync(dirname(path), 0o777);
  writeFileSync(path, '');
  await open().send(batchOf(0), NEVER);
  expect([existsSync(elsewhere), told]).toEqual([false, [expect.stringContaining('others may write its directory')]]);
});

test.each([undefined, 0o644])('nobody else can hold the lock: one of mode %o', async (mode) => {
  const lock = join(path, '../.wazuh.ndjson.lock');
  writeFileSync(path, '');
  if (mode !== undefined) writeFileSync(lock, '', { mode });
  await open().send(batchOf(0), NEVER);
  expect(statSync(lock).mode & 0o007).toBe(0);
});

test('where no lock can be made, lines are written all the same, and a sentence says so', async () => {
  writeFileSync(path, '');
  mkdirSync(join(path, '../.wazuh.ndjson.lock'));
  const started = clock.now();
  await send(open(), 400);
  expect(clock.now() - started).toBe(750);
  expect(told).toEqual([expect.stringContaining('other processes that write to it are not waited for')]);
  expect(readdirSync(join(path, '..')).sort()).toEqual(['.wazuh.ndjson.lock', 'wazuh.ndjson']);
});

test('interrupted while it waits, nothing was written', async () => {
  const giveUp = new AbortController();
  const interrupted: Clock = { ...clock, sleep: async () => giveUp.abort() };
  await expect(open({ clock: interrupted }).send(batchOf(0), giveUp.signal)).rejects.toMatchObject({ kind: 'temporary' });
  expect(existsSync(path) ? readFileSync(path, 'utf8') : '').toBe('');
});

test('check says what a file that is not there costs', async () => {
  const sink = open();
  expect(await sink.check(NEVER)).toMatchObject([
    { level: 'ok' },
    { message: expect.stringContaining('70 s'), hint: expect.stringContaining('before the agent starts') },
  ]);
  rmSync(path, { force: true });
  writeFileSync(path, '');
  expect(await sink.check(NEVER)).toHaveLength(1);
});
