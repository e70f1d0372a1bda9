import { describe, expect, test } from 'vitest';
import { Delivery } from '../../src/delivery/delivery.ts';
import { type Batch } from '../../src/sink/sink.ts';
import { clockAt, NOTHING, openStore, runPipeline, scriptedSink, storingSink } from '../support/delivery.ts';
import { fastDir } from '../support/run-portlog.ts';
import { eventsOf, host, port, scan } from '../support/scans.ts';

const EVENTS = eventsOf(scan(Array.from({ length: 20 }, (_, i) => host(`192.0.2.${i}`, port(80))).join('')));
const SCAN_END = EVENTS.at(-1)!;

describe('announcements', () => {
  test('wait for those behind them, and are committed and sent with them', async () => {
    const sizes: number[] = [];
    const sink = scriptedSink(
      ({ entries }) => {
        sizes.push(entries.length);
        return { ...NOTHING, delivered: entries.length };
      },
      { encode: ({ id }) => ({ parts: [id], bytes: id.length, partition: '' }) },
    );
    const store = openStore(fastDir());
    const delivery = Delivery.to([sink], { clock: clockAt(), store, retryForMs: 1000, signal: new AbortController().signal });
    const ends = [1, 2, 3].map((i) => ({ ...SCAN_END, id: `${i}`, ackGroup: `${i}`.repeat(32) }));
    for (const end of ends) await delivery.push(end);
    expect([sizes, store.tables(sink.identity).spool.usage().events]).toEqual([[], 0]);
    await delivery.commit();
    await delivery.finish();
    expect(sizes).toEqual([3]);
    store.close();
  });

  test('for sinks that keep nothing do not wait', async () => {
    const sent: string[] = [];
    const sink = scriptedSink(
      ({ entries }) => {
        sent.push(...entries.map(({ id }) => id));
        return { ...NOTHING, delivered: entries.length };
      },
      { undeliverable: 'discard' },
    );
    const store = openStore(fastDir());
    const delivery = Delivery.to([sink], { clock: clockAt(), store, retryForMs: 1000, signal: new AbortController().signal });
    await delivery.push(SCAN_END);
    expect(sent).toEqual([SCAN_END.id]);
    await delivery.finish();
    store.close();
  });

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
    await dying.commit();
    clock.advance(5000);
    const pipeline = await runPipeline(sink, [], { stateDir, clock });
    expect(pipeline.account.replayed).toMatchObject({ read: 1, delivered: 1 });
    const plain = seen.map(({ entries }) => entries.map(({ id, time, queued, parts }) => ({ id, time, queued, body: parts.join('') })));
    expect(plain[1]).toEqual(plain[0]);
  });

  test('a run after a crash that reads the same scan does not announce it again while it waits in the spool', async () => {
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
    await dying.commit();
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
