import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clampWait, LONGEST_WAIT_MS, systemClock } from '../../src/core/clock.ts';
import { Delivery } from '../../src/delivery/delivery.ts';
import { backoffMs } from '../../src/delivery/backoff.ts';
import { unaccounted } from '../../src/state/tally.ts';
import { type Batch, type Entry, type Outcome, type Sink, SinkError } from '../../src/sink/sink.ts';
import { CLOCK } from '../support/fault-contract.ts';
import { clockAt, NOTHING, openStore, runPipeline, scriptedSink, storingSink } from '../support/delivery.ts';
import { ecsLine, ecsParts } from '../../src/event/ecs.ts';
import { ship, type ShipReport } from '../../src/pipeline/ship.ts';
import { fileSource } from '../../src/source/file.ts';
import { withinLimits } from '../../src/sink/within-limits.ts';
import { encoded } from '../../src/sink/transport/body.ts';
import { fastDir } from '../support/run-portlog.ts';
import { eventsOf, host, port, scan } from '../support/scans.ts';

const EVENTS = eventsOf(scan(Array.from({ length: 20 }, (_, i) => host(`192.0.2.${i}`, port(80))).join('')));
const IDS = EVENTS.map(({ id }) => id);
const SCAN_END = EVENTS.at(-1)!;

type Step = 'delivered' | 'already' | 'retry' | 'rejected' | 'temporary' | 'permanent' | 'split' | 'mixed';
const STEP = fc.constantFrom<Step>('delivered', 'already', 'retry', 'rejected', 'temporary', 'permanent', 'split', 'mixed');

/** A server that does as the script says, and then works; what it has stored. */
function misbehaving(script: readonly Step[]): { readonly sink: Sink; readonly stored: Set<string>; readonly batches: Batch[]; mend: () => void } {
  const stored = new Set<string>();
  const batches: Batch[] = [];
  let step = 0;
  const sink = scriptedSink((batch): Outcome | SinkError => {
    batches.push(batch);
    const { entries } = batch;
    const next = script[step++] ?? 'delivered';
    const rejected = entries.map((entry) => ({ entry, reason: 'no' }));
    if (next === 'temporary' || next === 'permanent') return new SinkError(next, next);
    if (next === 'split') return { ...NOTHING, retry: entries, split: true };
    if (next === 'retry') return { ...NOTHING, retry: entries };
    if (next === 'rejected') return { ...NOTHING, rejected };
    const taken = next === 'mixed' ? entries.slice(0, 1) : entries;
    const fresh = taken.filter(({ id }) => !stored.has(id));
    for (const { id } of taken) stored.add(id);
    const outcome = { ...NOTHING, delivered: fresh.length, already: taken.length - fresh.length };
    return next === 'mixed' ? { ...outcome, retry: entries.slice(1, 2), rejected: rejected.slice(2) } : outcome;
  });
  return { sink, stored, batches, mend: () => void (step = script.length) };
}

describe('the laws, whatever the server does', () => {
  test('conservation: every event has exactly one fate, and no batch has one twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { minLength: 1, maxLength: 30 }), async (script) => {
        const { sink, stored, batches } = misbehaving(script);
        const pipeline = await runPipeline(sink, EVENTS);
        expect(pipeline.account.tally.read).toBe(EVENTS.length);
        expect(unaccounted(pipeline.account.tally)).toBe(0);
        expect(pipeline.account.tally.delivered + pipeline.account.tally.already).toBe(stored.size);
        for (const { entries } of batches) expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
      }),
      { numRuns: 150 },
    );
  });

  test('what waits is delivered by the next run, and shipping again adds nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { minLength: 1, maxLength: 20 }), fc.boolean(), async (script, crash) => {
        const { sink, stored, mend } = misbehaving(script);
        const stateDir = fastDir();
        const first = await runPipeline(sink, EVENTS, { stateDir, crash });
        mend();
        const second = await runPipeline(sink, [], { stateDir });
        expect(second.account.replayed.delivered + second.account.replayed.already).toBe(first.account.tally.spooled);
        expect(stored.size).toBe(EVENTS.length - first.account.tally.dead);
        // A host of which an event died is sent again, so that a server that was mended can take it.
        const third = await runPipeline(sink, EVENTS, { stateDir });
        expect(third.account.tally).toMatchObject({ read: EVENTS.length, delivered: first.account.tally.dead, spooled: 0, dead: 0 });
        expect(stored.size).toBe(EVENTS.length);
      }),
      { numRuns: 60 },
    );
  });

  test('order is kept within a partition that takes one batch at a time', async () => {
    const trouble = fc.constantFrom<Step>('delivered', 'retry', 'temporary', 'split');
    await fc.assert(
      fc.asyncProperty(fc.array(trouble, { maxLength: 30 }), async (script) => {
        const { sink, stored } = misbehaving(script);
        await runPipeline(sink, EVENTS);
        for (const partition of new Set(IDS.map((id) => id[0])))
          expect([...stored].filter((id) => id[0] === partition)).toEqual(IDS.filter((id) => id[0] === partition && stored.has(id)));
      }),
      { numRuns: 100 },
    );
  });
});

describe('batches', () => {
  test('never mix partitions and keep to the limits', async () => {
    const { sink, batches } = misbehaving([]);
    await runPipeline(sink, EVENTS);
    for (const { entries, partition } of batches) {
      expect(entries.length).toBeLessThanOrEqual(5);
      expect(new Set(entries.map((entry) => entry.partition))).toEqual(new Set([partition]));
    }
    expect(batches.flatMap(({ entries }) => entries).length).toBe(EVENTS.length);
  });

  test('of one partition go one at a time, of others beside it', async () => {
    const busy = new Map<string, number>();
    let most = 0;
    const sink = scriptedSink(async ({ entries, partition }) => {
      busy.set(partition, (busy.get(partition) ?? 0) + 1);
      expect(busy.get(partition)).toBe(1);
      most = Math.max(
        most,
        [...busy.values()].reduce((sum, count) => sum + count, 0),
      );
      await new Promise((resolve) => setTimeout(resolve, 1));
      busy.set(partition, 0);
      return { ...NOTHING, delivered: entries.length };
    });
    await runPipeline({ ...sink, limits: { ...sink.limits, maxEvents: 2 } }, EVENTS);
    expect(most).toBeGreaterThan(1);
  });

  test('of one partition go beside each other only when their times are close', async () => {
    const far = (minutes: number): string => host(`192.0.2.${minutes}`, port(80), `endtime="${1_760_000_000 + minutes * 60}"`);
    const most = async (step: number): Promise<number> => {
      let [busy, peak] = [0, 0];
      const sink = scriptedSink(
        async ({ entries }) => {
          peak = Math.max(peak, ++busy);
          await new Promise((resolve) => setTimeout(resolve, 1));
          busy--;
          return { ...NOTHING, delivered: entries.length };
        },
        {
          limits: { maxEvents: 2, maxBytes: 10_000, inFlight: 4, inFlightPerPartition: 4, unorderedWithinMs: 30 * 60_000 },
          encode: ({ id }) => ({ parts: [id], bytes: id.length, partition: '' }),
        },
      );
      const events = eventsOf(scan(Array.from({ length: 6 }, (_, i) => far(i * step)).join(''))).filter(({ dataset }) => dataset !== 'nmap.scan');
      await runPipeline(sink, events);
      return peak;
    };
    expect(await most(1)).toBe(4);
    expect(await most(20)).toBe(2);
    expect(await most(40)).toBe(1);
  });

  test('only refused items go again', async () => {
    const sent: string[] = [];
    const pipeline = await runPipeline(
      scriptedSink(({ entries }) => {
        const fresh = entries.filter(({ id }) => !sent.includes(id));
        sent.push(...entries.map(({ id }) => id));
        return { ...NOTHING, delivered: entries.length - fresh.length, retry: fresh };
      }),
      EVENTS,
    );
    expect(pipeline.account.tally.delivered).toBe(EVENTS.length);
    expect(sent).toHaveLength(EVENTS.length * 2);
  });

  test('too large for the server are halved, down to the event that is too large alone', async () => {
    const big = IDS[3];
    const pipeline = await runPipeline(
      scriptedSink(({ entries }) =>
        entries.some(({ id }) => id === big) ? { ...NOTHING, retry: entries, split: true } : { ...NOTHING, delivered: entries.length },
      ),
      EVENTS,
    );
    expect(pipeline.account.tally).toMatchObject({ delivered: EVENTS.length - 1, dead: 1 });
    expect(pipeline.firstRejection).toBe('the server finds this single event too large');
  });

  test('a sink that does not account for every event is a mistake that is not passed over', async () => {
    const pipeline = await runPipeline(
      scriptedSink(() => NOTHING),
      EVENTS,
    );
    expect(pipeline.failure).toMatchObject({
      kind: 'permanent',
      message: expect.stringMatching(/^sending to scripted failed by a mistake in portlog: the sink accounts for 0 of \d events$/),
    });
    expect(pipeline.account.tally).toMatchObject({ read: EVENTS.length, delivered: 0, spooled: EVENTS.length });
  });
});

test('a clock that is set back costs no event', async () => {
  const clock = clockAt();
  const stored: string[] = [];
  const now = clock.now;
  let calls = 0;
  await runPipeline(storingSink(stored), EVENTS, { clock: { ...clock, now: () => now() - calls++ * 1000 } });
  expect(stored.toSorted()).toEqual(IDS.toSorted());
});

test('an event that is larger than its sink takes is shortened, and says so; the others are as they were', async () => {
  const long = host('192.0.2.99', port(80), 'comment="x"').replace(
    '</host>',
    `<hostscript><script id="s" output="${'long '.repeat(40_000)}"/></hostscript></host>`,
  );
  const events = eventsOf(scan(host('192.0.2.98', port(80)) + long));
  const got = new Map<string, string>();
  const take = (batch: Batch): Outcome => {
    for (const { id, parts } of batch.entries) got.set(id, parts.join(''));
    return { ...NOTHING, delivered: batch.entries.length };
  };
  const limits = { maxEvents: 5, maxBytes: 100_000, maxEventBytes: 20_000, inFlight: 1, inFlightPerPartition: 1 };
  const sink = scriptedSink(take, { limits, encode: (event) => encoded([...ecsParts(event)]) });
  const pipeline = await runPipeline(withinLimits(sink), events);
  expect(pipeline.account.tally).toMatchObject({ delivered: events.length, dead: 0 });
  for (const event of events) {
    const body = got.get(event.id) ?? '';
    const whole = ecsLine(event);
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(20_000);
    if (Buffer.byteLength(whole) <= 20_000) expect(body).toBe(whole);
    else expect(JSON.parse(body)).toMatchObject({ event: { id: event.id }, nmap: { shortened: true } });
  }
  expect(events.filter((event) => Buffer.byteLength(ecsLine(event)) > 20_000)).toHaveLength(1);
});

describe('one event does not block the others', () => {
  const limits = { maxEvents: 5, maxBytes: 10_000, inFlight: 3, inFlightPerPartition: 3 };
  const [poison] = IDS.slice(7);
  /** Takes all but one event, of which it says something or nothing. */
  const all = (stored: Set<string>, answer: (batch: Batch, others: readonly Entry[]) => Outcome | SinkError): Sink =>
    scriptedSink(
      (batch) => {
        const others = batch.entries.filter(({ id }) => id !== poison);
        const outcome = others.length === batch.entries.length ? { ...NOTHING, delivered: others.length } : answer(batch, others);
        if (!(outcome instanceof SinkError) && outcome.delivered > 0) for (const { id } of others) stored.add(id);
        return outcome;
      },
      { limits, encode: ({ id }) => ({ parts: [id], bytes: id.length, partition: '' }) },
    );
  const refusal = { reason: 'es_rejected_execution_exception: too much', status: 429 };
  const perItem = ({ entries }: Batch, others: readonly Entry[]): Outcome => ({
    ...NOTHING,
    delivered: others.length,
    retry: entries.filter((entry) => !others.includes(entry)),
    refusal,
  });

  test.for([
    ['sent back alone, again and again', perItem, refusal],
    ['with which all of its batch comes back', ({ entries }: Batch) => ({ ...NOTHING, retry: entries, refusal }), refusal],
  ] as const)('%s: it ends as a dead letter with the reason, everything else is there', async ([, answer, toll]) => {
    const stateDir = fastDir();
    const stored = new Set<string>();
    const sink = all(stored, answer);
    const pipeline = await runPipeline(sink, EVENTS, { stateDir, retryForMs: 300_000 });
    expect(stored.size).toBe(EVENTS.length - 1);
    expect(pipeline.account.tally).toMatchObject({ read: EVENTS.length, delivered: EVENTS.length - 1, dead: 1, spooled: 0 });
    const store = openStore(stateDir);
    expect(store.tables(sink.identity).deadLetters.tolls()).toEqual([{ ...toll, events: 1 }]);
    store.close();
  });

  test('with which the whole request fails: the others get through, and after some runs it is a dead letter', async () => {
    const stateDir = fastDir();
    const stored = new Set<string>();
    const sink = all(stored, () => new SinkError('temporary', 'broken (503)'));
    let dead = 0;
    for (let run = 0; run < 12 && dead === 0; run++) {
      const more = eventsOf(scan(host(`198.51.100.${run}`, port(80)), `scanner="nmap" version="7.93" args="nmap" start="17600${10 + run}000"`));
      const pipeline = await runPipeline(sink, run === 0 ? EVENTS : more, { stateDir, retryForMs: 300_000 });
      expect(stored.size).toBe(EVENTS.length - 1 + run * more.length);
      expect(unaccounted(pipeline.account.tally)).toBe(0);
      dead = pipeline.account.tally.dead + pipeline.account.replayed.dead;
    }
    expect(dead).toBe(1);
    const store = openStore(stateDir);
    expect(store.tables(sink.identity).deadLetters.tolls()).toEqual([{ reason: 'broken (503)', status: undefined, events: 1 }]);
    store.close();
  });

  test('without time to wait it takes some runs, and each of them delivers the others', async () => {
    const stateDir = fastDir();
    const stored = new Set<string>();
    const sink = all(stored, perItem);
    const dead: number[] = [];
    for (let run = 0; run < 8 && dead.at(-1) !== 1; run++) {
      const more = eventsOf(scan(host(`198.51.100.${run}`, port(80)), `scanner="nmap" version="7.93" args="nmap" start="176000${run}000"`));
      const pipeline = await runPipeline(sink, run === 0 ? EVENTS : more, { stateDir, retryForMs: 0 });
      dead.push(pipeline.account.tally.dead + pipeline.account.replayed.dead);
      expect(unaccounted(pipeline.account.tally)).toBe(0);
      expect(stored.size).toBe(EVENTS.length - 1 + run * more.length);
    }
    expect(dead.at(-1)).toBe(1);
    expect(dead.length).toBeGreaterThan(3);
  });

  test('on which we make a mistake: it ends as a dead letter that says so', async () => {
    const stateDir = fastDir();
    const stored = new Set<string>();
    const sink = all(stored, () => {
      throw new TypeError('no such part');
    });
    const fates: (readonly [delivered: number, dead: number])[] = [];
    for (let run = 0; run < 8 && fates.at(-1)?.[1] !== 1; run++) {
      const more = eventsOf(scan(host(`198.51.100.${run}`, port(80)), `scanner="nmap" version="7.93" args="nmap" start="176000${run}000"`));
      const pipeline = await runPipeline(sink, run === 0 ? EVENTS : more, { stateDir });
      expect(unaccounted(pipeline.account.tally)).toBe(0);
      fates.push([
        pipeline.account.tally.delivered + pipeline.account.replayed.delivered,
        pipeline.account.tally.dead + pipeline.account.replayed.dead,
      ]);
    }
    expect(stored.size).toBeGreaterThanOrEqual(EVENTS.length - 1);
    expect(fates.at(-1)?.[1]).toBe(1);
    const store = openStore(stateDir);
    expect(store.tables(sink.identity).deadLetters.tolls()).toEqual([
      { reason: 'sending to scripted failed by a mistake in portlog: no such part', status: undefined, events: 1 },
    ]);
    store.close();
  });

  test('a server that is busy, or down, makes no dead letters', async () => {
    const stateDir = fastDir();
    for (const outcome of ['busy', 'down']) {
      const sink = scriptedSink(
        ({ entries }) => (outcome === 'down' ? new SinkError('temporary', 'down') : { ...NOTHING, retry: entries, refusal }),
        { limits },
      );
      for (let run = 0; run < 8; run++) {
        const pipeline = await runPipeline(sink, EVENTS, { stateDir, retryForMs: 60_000 });
        expect(pipeline.account.tally).toMatchObject({ dead: 0, spooled: EVENTS.length });
      }
    }
  });
});

test('a sink that fails by a mistake of ours fails alone: what is for it waits, and the others have everything', async () => {
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
    message: 'sending to scripted failed by a mistake in portlog: no such part',
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

  test('with a wrong key is hardly asked again', async () => {
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

describe('announcements', () => {
  test('are on disk before they are sent, and gone when they are acknowledged', async () => {
    const waiting: number[] = [];
    const stateDir = fastDir();
    const store = openStore(stateDir);
    const sink = scriptedSink(({ entries }) => {
      waiting.push(store.tables({ type: 'scripted', target: 'here', scope: '' }).spool.usage().events);
      return { ...NOTHING, delivered: entries.length };
    });
    const delivery = Delivery.to([sink], { clock: clockAt(), store, retryForMs: 1000, signal: new AbortController().signal });
    await delivery.push(SCAN_END);
    await delivery.finish();
    expect(waiting).toEqual([1]);
    expect(delivery.report()).toMatchObject([{ waiting: 0, tally: { read: 1, delivered: 1 } }]);
    store.close();
  });

  test('a crash between sending and noting it sends the same bytes again, queued at the same time', async () => {
    const seen: Batch[] = [];
    const stateDir = fastDir();
    const clock = clockAt();
    const store = openStore(stateDir, {}, clock.now);
    const sink = scriptedSink((batch) => {
      seen.push(batch);
      return { ...NOTHING, delivered: 1 };
    });
    const dying = Delivery.to(
      [
        {
          ...sink,
          send(batch) {
            seen.push(batch);
            return new Promise(() => undefined);
          },
        },
      ],
      { clock, store, retryForMs: 1000, signal: new AbortController().signal },
    );
    await dying.push(SCAN_END);
    clock.advance(5000);
    const pipeline = await runPipeline(sink, [], { stateDir, clock });
    expect(pipeline.account.replayed).toMatchObject({ read: 1, delivered: 1 });
    const plain = seen.map(({ entries }) => entries.map(({ id, time, queued, parts }) => ({ id, time, queued, body: parts.join('') })));
    expect(plain[1]).toEqual(plain[0]);
  });

  test('a run after a crash that reads the same scan does not announce it anew while the spoolReader has it to send', async () => {
    const stateDir = fastDir();
    const clock = clockAt();
    const store = openStore(stateDir, {}, clock.now);
    const sent: Batch[] = [];
    const sink = scriptedSink((batch) => {
      sent.push(batch);
      return { ...NOTHING, delivered: batch.entries.length };
    });
    const dying = Delivery.to([{ ...sink, send: () => new Promise(() => undefined) }], {
      clock,
      store,
      retryForMs: 1000,
      signal: new AbortController().signal,
    });
    await dying.push(SCAN_END);
    clock.advance(5000);
    const pipeline = await runPipeline(sink, EVENTS, { stateDir, clock });
    const times = sent.flatMap(({ entries }) => entries).filter(({ id }) => id === SCAN_END.id);
    expect(times.map(({ queued }) => queued)).toEqual([1_700_000_000_000]);
    expect(pipeline.account.tally).toMatchObject({ read: EVENTS.length, delivered: EVENTS.length - 1, already: 1, spooled: 0 });
  });

  test('one that is rejected is announced again when the scan is shipped again', async () => {
    const stateDir = fastDir();
    const refusing = scriptedSink(({ entries }) => ({ ...NOTHING, rejected: entries.map((entry) => ({ entry, reason: 'no' })) }));
    expect((await runPipeline(refusing, [SCAN_END], { stateDir })).account.tally.dead).toBe(1);
    expect((await runPipeline(storingSink([]), [SCAN_END], { stateDir })).account.tally.delivered).toBe(1);
  });

  test('state and announcement are written together or not at all', async () => {
    const store = openStore(fastDir());
    const delivery = Delivery.to([storingSink([])], { clock: clockAt(), store, retryForMs: 1000, signal: new AbortController().signal });
    store.database.run("CREATE TEMP TRIGGER no BEFORE INSERT ON spool BEGIN SELECT RAISE(ABORT, 'the state could not be written'); END");
    const runs = store.database.get('SELECT count(*) AS n FROM run')?.['n'];
    const failing = delivery.announceFrom(() => {
      store.database.run("INSERT INTO run (pid, started, what) VALUES (1, 1, 'of the state')");
      return [SCAN_END];
    });
    await expect(failing).rejects.toThrow('the state could not be written');
    expect(delivery.report()).toMatchObject([{ waiting: 0, tally: { read: 0 } }]);
    expect(store.database.get('SELECT count(*) AS n FROM run')?.['n']).toBe(runs);
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
