import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { clampWait, LONGEST_WAIT_MS, systemClock } from '../../src/core/clock.ts';
import { Delivery } from '../../src/delivery/delivery.ts';
import { backoffMs } from '../../src/delivery/backoff.ts';
import { unaccounted } from '../../src/state/tally.ts';
import { type Sink, SinkError } from '../../src/sink/sink.ts';
import { CLOCK } from '../support/fault-contract.ts';
import { clockAt, openStore, runPipeline, scriptedSink, storingSink } from '../support/delivery.ts';
import { ship, type ShipReport } from '../../src/pipeline/ship.ts';
import { fileSource } from '../../src/source/file.ts';
import { fastDir } from '../support/run-portlog.ts';
import { eventsOf, host, port, scan } from '../support/scans.ts';

const EVENTS = eventsOf(scan(Array.from({ length: 20 }, (_, i) => host(`192.0.2.${i}`, port(80))).join('')));
const IDS = EVENTS.map(({ id }) => id);

test('a clock that is set back costs no event', async () => {
  const clock = clockAt();
  const stored: string[] = [];
  const now = clock.now;
  let calls = 0;
  await runPipeline(storingSink(stored), EVENTS, { clock: { ...clock, now: () => now() - calls++ * 1000 } });
  expect(stored.toSorted()).toEqual(IDS.toSorted());
});

test('a sink that fails because of a bug fails alone: its events wait, and the other sinks get everything', async () => {
  const folder = fastDir();
  const file = join(folder, 'scan.xml');
  writeFileSync(file, scan(Array.from({ length: 30 }, (_, i) => host(`192.0.2.${i}`, port(80))).join('')));
  const stored: string[] = [];
  const healthy = storingSink(stored, { identity: { type: 'scripted', target: 'healthy', scope: '' } });
  const broken = scriptedSink(() => {
    throw new TypeError('no such part');
  });
  const store = openStore(folder);
  const report = await ship({ sources: [fileSource(file)], sinks: [healthy, broken], store, clock: CLOCK, retryForMs: 200 });
  store.close();
  expect(report.inputs[0]?.problem).toBeUndefined();
  expect(report.sinks.map(({ tally: { read, delivered, spooled } }) => [read, delivered, spooled])).toEqual([
    [61, 61, 0],
    [61, 0, 61],
  ]);
  expect(report.sinks[1]?.failure).toMatchObject({
    kind: 'permanent',
    message: 'sending to scripted failed because of a bug in portlog: no such part',
    hint: expect.stringContaining('please report it'),
  });
});

test.for(['block', 'drop-oldest'] as const)('a spool that is full for one sink costs the other nothing: %s', async (whenFull) => {
  const folder = fastDir();
  const file = join(folder, 'scan.xml');
  const text = scan(Array.from({ length: 300 }, (_, i) => host(`192.0.${i >> 8}.${i & 255}`, port(80))).join(''));
  writeFileSync(file, text);
  const stored: string[] = [];
  const limits = { maxEvents: 5, maxBytes: 10_000, inFlight: 1, inFlightPerPartition: 1 };
  const healthy = storingSink(stored, { limits, identity: { type: 'scripted', target: 'healthy', scope: '' } });
  const dead = scriptedSink(() => new SinkError('temporary', 'down'), { limits, identity: { type: 'scripted', target: 'dead', scope: '' } });
  const run = async (sinks: readonly Sink[], retryForMs = 200): Promise<ShipReport> => {
    const store = openStore(folder, { maxBytes: 20_000, whenFull });
    const report = await ship({ sources: [fileSource(file)], sinks, store, clock: CLOCK, retryForMs });
    store.close();
    return report;
  };
  const { inputs, sinks } = await run([healthy, dead]);
  expect(sinks.map(({ tally }) => unaccounted(tally))).toEqual([0, 0]);
  expect(sinks[0]?.tally).toMatchObject({ read: 601, delivered: 601, spooled: 0, discarded: 0 });
  if (whenFull === 'block') {
    expect(sinks[1]?.tally.read).toBeLessThan(601);
    expect(inputs[0]?.problem?.code).toBe('spool-full');
  } else expect(sinks[1]?.tally.discarded).toBeGreaterThan(0);
  const late: string[] = [];
  await run([storingSink(late, { limits, identity: dead.identity })]);
  // Portlog's own events beside them.
  const ids = new Set(eventsOf(text).map(({ id }) => id));
  expect(late.filter((id) => ids.has(id)).length).toBe(601);
});

describe('a sink that does not work', () => {
  test('gets its events when it works again: they waited on disk, and the next ones go directly', async () => {
    let down = true;
    const clock = clockAt();
    const stored: string[] = [];
    const works = storingSink(stored);
    const sink = scriptedSink((batch) => (down ? new SinkError('temporary', 'down') : works.send(batch, new AbortController().signal)));
    const sleep = clock.sleep;
    const pipeline = await runPipeline(sink, EVENTS, {
      clock: {
        ...clock,
        async sleep(milliseconds, signal) {
          if (clock.now() > 1_700_000_010_000) down = false;
          await sleep(milliseconds, signal);
        },
      },
    });
    expect(pipeline.account.tally).toMatchObject({ read: EVENTS.length, delivered: EVENTS.length, spooled: 0, dead: 0 });
    expect(pipeline.failure).toBeUndefined();
    expect(stored.toSorted()).toEqual(IDS.toSorted());
  });

  test('is given up after its time', async () => {
    let attempts = 0;
    const clock = clockAt();
    const pipeline = await runPipeline(
      scriptedSink(() => {
        attempts++;
        return new SinkError('temporary', 'down');
      }),
      EVENTS,
      { clock },
    );
    expect(pipeline.account.tally).toMatchObject({ spooled: EVENTS.length, delivered: 0, dead: 0 });
    expect(pipeline.failure?.message).toBe('down');
    expect(attempts).toBeLessThan(30);
    expect(clock.now() - 1_700_000_000_000).toBeLessThan(61_000);
  });

  test.for([
    [1000, 1],
    [0, 1],
    [90_000, 2],
  ] as const)('that never answers is not waited for any longer after %i ms', async ([retryForMs, most]) => {
    const time = clockAt();
    // Whoever sleeps gives others a turn.
    const clock = { ...time, sleep: async (ms: number) => (await new Promise((resolve) => void setImmediate(resolve)), time.advance(ms)) };
    let asked = 0;
    const hanging = scriptedSink(
      () => {
        asked++;
        clock.advance(60_000);
        return new SinkError('temporary', 'it did not answer in time');
      },
      {
        limits: { maxEvents: 100, maxBytes: 1 << 20, inFlight: 1, inFlightPerPartition: 1 },
        encode: ({ id }) => ({ parts: [id], bytes: Buffer.byteLength(id), partition: '' }),
      },
    );
    const began = clock.elapsed();
    const { account } = await runPipeline(hanging, EVENTS, { clock, retryForMs });
    expect(account.tally).toMatchObject({ read: EVENTS.length, spooled: EVENTS.length });
    expect([asked, clock.elapsed() - began]).toEqual([most, expect.closeTo(most * 60_000, -4)]);
  });

  test('with a wrong key gets hardly any more requests', async () => {
    let attempts = 0;
    const pipeline = await runPipeline(
      scriptedSink(() => {
        attempts++;
        return new SinkError('permanent', 'wrong key');
      }),
      EVENTS,
    );
    expect(attempts).toBeLessThanOrEqual(4);
    expect(pipeline.account.tally.spooled).toBe(EVENTS.length);
  });

  test('that is a closed pipe discards', async () => {
    const pipeline = await runPipeline(
      scriptedSink(() => new SinkError('closed', 'gone'), { undeliverable: 'discard' }),
      EVENTS,
    );
    expect(pipeline.account.tally).toMatchObject({ discarded: EVENTS.length, dead: 0, spooled: 0 });
  });

  test('that hangs holds up reading no longer than the source can wait', async () => {
    const clock = clockAt();
    const giveUp = new AbortController();
    const hanging = (): Promise<never> =>
      new Promise((_, reject) => giveUp.signal.addEventListener('abort', () => reject(new SinkError('temporary', 'interrupted'))));
    const sink = scriptedSink(hanging, { encode: ({ id }) => ({ parts: [id], bytes: id.length, partition: '' }) });
    const store = openStore(fastDir());
    const delivery = Delivery.to([sink], { clock, store, retryForMs: 60_000, signal: giveUp.signal });
    delivery.patienceMs = 500;
    for (const event of EVENTS) await delivery.push(event);
    expect(delivery.report()[0]?.waiting).toBeGreaterThan(0);
    giveUp.abort();
    await delivery.finish();
    expect(delivery.report()[0]?.tally.spooled).toBe(EVENTS.length);
    store.close();
  });
});

test('no wait is longer than a timer can be: a pause until the year 2999 is one', async () => {
  expect([clampWait(3e16), clampWait(Number.POSITIVE_INFINITY), clampWait(Number.NaN), clampWait(-5), clampWait(1000)]).toEqual([
    LONGEST_WAIT_MS,
    LONGEST_WAIT_MS,
    0,
    0,
    1000,
  ]);
  const enough = new AbortController();
  setTimeout(() => enough.abort(), 30);
  const began = systemClock.elapsed();
  await systemClock.sleep(3e16, enough.signal);
  expect(systemClock.elapsed() - began).toBeGreaterThan(20);
});

test('waiting grows with jitter, ends at half a minute, and never undercuts what the server asked for', () => {
  expect([1, 2, 3, 10].map((attempt) => backoffMs(attempt, 1, undefined))).toEqual([500, 1000, 2000, 30_000]);
  expect(backoffMs(3, 0, undefined)).toBe(0);
  expect(backoffMs(1, 0.5, 7000)).toBe(7000);
});
