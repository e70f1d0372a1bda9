import { describe, expect, test } from 'vitest';
import { unaccounted } from '../../src/state/tally.ts';
import { type Batch, type Entry, type Outcome, type Sink, SinkError } from '../../src/sink/sink.ts';
import { NOTHING, openStore, runPipeline, scriptedSink } from '../support/delivery.ts';
import { ecsLine, ecsParts } from '../../src/event/ecs.ts';
import { withinLimits } from '../../src/sink/within-limits.ts';
import { encoded } from '../../src/sink/transport/body.ts';
import { fastDir } from '../support/run-portlog.ts';
import { eventsOf, host, port, scan } from '../support/scans.ts';

const EVENTS = eventsOf(scan(Array.from({ length: 20 }, (_, i) => host(`192.0.2.${i}`, port(80))).join('')));
const IDS = EVENTS.map(({ id }) => id);

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
    expect(store.tables(sink.identity).deadLetters.countsByReason()).toEqual([{ ...toll, events: 1 }]);
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
    expect(store.tables(sink.identity).deadLetters.countsByReason()).toEqual([{ reason: 'broken (503)', status: undefined, events: 1 }]);
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

  test('that causes a bug in the sink: it ends as a dead letter that says so', async () => {
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
    expect(store.tables(sink.identity).deadLetters.countsByReason()).toEqual([
      { reason: 'sending to scripted failed because of a bug in portlog: no such part', status: undefined, events: 1 },
    ]);
    store.close();
  });

  describe('refused by a program that fails at it, or at all (500), with nothing else to send', () => {
    const answer = ({ entries }: Batch, others: readonly Entry[]): Outcome =>
      entries.length > 1
        ? { ...NOTHING, retry: entries, split: true }
        : { ...NOTHING, delivered: others.length, retry: entries, setAside: true, refusal: { reason: 'cannot store this', status: 500 } };
    const alone = EVENTS.filter(({ id }) => id === poison);

    test('it waits, however long, with a reason: whether the event is the cause is unknown', async () => {
      const stateDir = fastDir();
      const sink = all(new Set(), answer);
      for (let run = 0; run < 20; run++) {
        const { account, failure, sink: to } = await runPipeline(sink, run === 0 ? alone : [], { stateDir, retryForMs: 300_000 });
        expect([account.tally.dead + account.replayed.dead, failure?.message]).toEqual([
          0,
          `${to.name} refuses what it is sent (500: cannot store this)`,
        ]);
        expect(failure?.hint).toContain('when it accepts another event');
      }
    });

    test.for([
      ['does not answer any more', () => new SinkError('temporary', 'down')],
      ['is busy until the time is over', ({ entries }: Batch) => ({ ...NOTHING, retry: entries })],
    ] as const)('it is not lost when the server %s before it has the rest of the batch', async ([, later]) => {
      const stateDir = fastDir();
      const stored = new Set<string>();
      const sink = all(stored, (batch, others) =>
        batch.entries.length === 1 ? answer(batch, others) : { ...NOTHING, retry: batch.entries, split: true },
      );
      const send = sink.send.bind(sink);
      let isRefused = false;
      const failing = {
        ...sink,
        send: async (batch: Batch, signal: AbortSignal) => {
          if (isRefused) {
            const outcome = later(batch);
            if (outcome instanceof SinkError) throw outcome;
            return outcome;
          }
          isRefused = batch.entries.length === 1 && batch.entries[0]?.id === poison;
          return send(batch, signal);
        },
      };
      for (let run = 0; run < 3; run++) {
        isRefused = false;
        const { account } = await runPipeline(failing, run === 0 ? EVENTS : [], { stateDir, retryForMs: 1000 });
        expect([unaccounted(account.tally), account.tally.dead]).toEqual([0, 0]);
      }
      expect((await runPipeline(sink, [], { stateDir, retryForMs: 300_000 })).account.replayed.dead).toBe(1);
      expect(stored.size).toBe(EVENTS.length - 1);
    });

    test('the first other event shows that it is: it is a dead letter in the same run', async () => {
      const stateDir = fastDir();
      const stored = new Set<string>();
      const sink = all(stored, answer);
      for (let run = 0; run < 3; run++) await runPipeline(sink, run === 0 ? alone : [], { stateDir, retryForMs: 300_000 });
      const { account } = await runPipeline(sink, EVENTS.slice(0, 1), { stateDir, retryForMs: 300_000 });
      expect([stored.size, account.tally.delivered, account.replayed.dead]).toEqual([1, 1, 1]);
    });
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

describe('a sink that may take some kinds of events only', () => {
  const limits = { maxEvents: 5, maxBytes: 10_000, inFlight: 3, inFlightPerPartition: 3 };
  const blocked = new SinkError('permanent', 'no right to write there', { hint: 'give it' });
  const byKind = EVENTS.map((event) => ({ ...event, ackGroup: event.id })).toSorted((a, b) => a.dataset.localeCompare(b.dataset));
  const idsOf = (dataset: string): readonly string[] => EVENTS.filter((event) => event.dataset === dataset).map(({ id }) => id);
  const allowedIds = EVENTS.filter(({ dataset }) => dataset !== 'nmap.host').map(({ id }) => id);

  /** Takes all but what is forbidden; and no more than so many requests of nothing else. */
  function narrow(stored: Set<string>, forbidden: () => ReadonlySet<string>): { readonly sink: Sink; inVain: number } {
    const watched = {
      inVain: 0,
      sink: scriptedSink(
        ({ entries }) => {
          const retry = entries.filter(({ dataset }) => forbidden().has(dataset));
          for (const entry of entries) if (!retry.includes(entry)) stored.add(entry.id);
          if (retry.length === entries.length) watched.inVain++;
          return { ...NOTHING, delivered: entries.length - retry.length, retry, ...(retry.length > 0 ? { blocked } : {}) };
        },
        { limits, encode: ({ id }) => ({ parts: [id], bytes: id.length, partition: '' }) },
      ),
    };
    return watched;
  }

  test.for([
    ['in one batch with others', EVENTS],
    ['before all others', byKind],
    ['behind all others', byKind.toReversed()],
  ] as const)('gets those at once that come %s; the rest waits, and is sent when it may be', async ([, events]) => {
    const stateDir = fastDir();
    const stored = new Set<string>();
    let forbidden: ReadonlySet<string> = new Set(['nmap.host']);
    const { sink } = narrow(stored, () => forbidden);
    const first = await runPipeline(sink, events, { stateDir, retryForMs: 60_000 });
    expect([...stored].toSorted()).toEqual(allowedIds.toSorted());
    expect(first.account.tally).toMatchObject({ delivered: allowedIds.length, spooled: 20, dead: 0, discarded: 0 });
    expect(first.health.blocked?.hint).toBe('give it');
    const more = eventsOf(scan(host('198.51.100.1', port(80)), 'scanner="nmap" version="7.93" args="nmap" start="1760000000"'));
    for (let run = 0; run < 10; run++) {
      const { account } = await runPipeline(sink, run === 0 ? more : [], { stateDir, retryForMs: 60_000 });
      expect([account.tally.dead + account.replayed.dead, unaccounted(account.tally)]).toEqual([0, 0]);
    }
    expect(more.filter(({ id }) => !stored.has(id)).map(({ dataset }) => dataset)).toEqual(['nmap.host']);
    forbidden = new Set();
    const last = await runPipeline(sink, [], { stateDir, retryForMs: 60_000 });
    expect(last.account.replayed).toMatchObject({ delivered: 21, dead: 0 });
    expect(idsOf('nmap.host').every((id) => stored.has(id))).toBe(true);
    const again = await runPipeline(sink, events, { stateDir });
    expect(again.account.tally).toMatchObject({ already: EVENTS.length, delivered: 0 });
  });

  test('that accepts none is not tried with everything that waits, and says why', async () => {
    const stateDir = fastDir();
    const many = eventsOf(scan(Array.from({ length: 100 }, (_, i) => host(`192.0.2.${i}`, port(80))).join('')));
    const watched = narrow(new Set(), () => new Set(['nmap.host', 'nmap.port', 'nmap.scan']));
    for (let run = 0; run < 5; run++) {
      watched.inVain = 0;
      const { account, health, failure } = await runPipeline(watched.sink, run === 0 ? many : [], { stateDir, retryForMs: 60_000 });
      expect([account.tally.dead, unaccounted(account.tally), (failure ?? health.blocked)?.message]).toEqual([0, 0, 'no right to write there']);
      expect(watched.inVain).toBeLessThanOrEqual(14);
    }
  });
});
