import { afterAll, describe, expect, test } from 'vitest';
import { openSink } from '../../src/config/open-sink.ts';
import { measure } from '../../src/metrics/measure.ts';
import type { Series } from '../../src/metrics/catalogue.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { SinkError } from '../../src/sink/sink.ts';
import { newTally } from '../../src/state/tally.ts';
import { Totals } from '../../src/state/totals.ts';
import { clockAt, NOTHING, openStore, passDays, runPipeline } from '../support/delivery.ts';
import { fastDir } from '../support/run-portlog.ts';
import { eventsOf, host, port, scan } from '../support/scans.ts';

/* What metrics add up of each kind of destination, against what became of its events. */

const PROGRAM = { command: ['/bin/true'] };
const KINDS: Readonly<Record<string, () => Promise<Sink>>> = {
  'alertmanager': () => openSink('alertmanager', 'http://127.0.0.1:1'),
  'elasticsearch': () => openSink('elasticsearch', 'http://127.0.0.1:1', { namespace: 'prod' }),
  'exec': () => openSink('exec', '', PROGRAM),
  'file': () => openSink('file', `${fastDir()}/out`),
  'http': () => openSink('http', 'http://127.0.0.1:1/x?token=1'),
  'http with a name': () => openSink('http', 'http://127.0.0.1:1/x', { name: 'customer-a' }),
  'loki': () => openSink('loki', 'http://127.0.0.1:1', { tenant: 'a', streamLabels: { team: 'net' } }),
  'opensearch': () => openSink('opensearch', 'http://127.0.0.1:1', { datasets: ['nmap.scan'] }),
  'otlp': () => openSink('otlp', 'http://127.0.0.1:1', { tenant: 'a' }),
  'syslog': () => openSink('syslog', 'tcp://127.0.0.1:1'),
  'wazuh, a file': () => openSink('wazuh', `${fastDir()}/out`),
  'wazuh, its API': () => openSink('wazuh', 'http://127.0.0.1:1', { only: { severity: 0 } }),
};

const EVENTS = Array.from({ length: 5 }, (_, i) => i).flatMap((i) =>
  eventsOf(scan(host(`192.0.2.${i}`, port(80)), `scanner="nmap" args="nmap -p 80 192.0.2.${i}" start="${1_760_000_000 + i}"`)),
);

function valueOf(series: readonly Series[], metric: string, fate?: string): number {
  const ours = series.filter((one) => one.metric === metric && (fate === undefined || one.labels['fate'] === fate));
  return ours.reduce((sum, { value }) => sum + value, 0);
}

describe('purged, too old, dropped, rejected, delivered', () => {
  const open: Sink[] = [];
  afterAll(() => Promise.all(open.map((sink) => sink.close())));

  test.for(Object.keys(KINDS))('%s: metrics say what became of each event', async (kind) => {
    const real = (await KINDS[kind]?.()) as Sink;
    open.push(real);
    let mood: 'down' | 'refuses' | 'takes' = 'down';
    let taken = 0;
    const sink: Sink = {
      ...real,
      async send({ entries }) {
        if (mood === 'down') throw new SinkError('permanent', 'down');
        if (mood === 'refuses') return { ...NOTHING, rejected: entries.map((entry) => ({ entry, reason: 'no' })) };
        taken += entries.length;
        return { ...NOTHING, delivered: entries.length };
      },
    };
    const stateDir = fastDir();
    const clock = clockAt();
    const numbers = (): readonly Series[] => {
      const store = openStore(stateDir, {}, clock.now);
      const none = { schedules: [], directories: [], maxAges: new Map<string, number>(), spoolLimit: 0 };
      const series = measure({ ...none, database: store.database, now: clock.now(), isAlive: () => false, sinks: [sink] });
      store.close();
      return series;
    };
    const ship = async (limits = {}): Promise<number> => (await runPipeline(sink, EVENTS, { stateDir, clock, limits })).account.tally.read;
    const gone = (): number => valueOf(numbers(), 'portlog_replayed_events_total', 'discarded');

    const read = await ship();
    expect(read).toBeGreaterThan(0);
    const store = openStore(stateDir, {}, clock.now);
    store.purge(store.waiting());
    store.close();
    expect(gone()).toBe(read);

    await ship();
    passDays(stateDir, clock, 40);
    await runPipeline(sink, [], { stateDir, clock });
    expect(gone()).toBe(2 * read);

    await ship({ maxBytes: 1, whenFull: 'drop-oldest' });
    const dropped = valueOf(numbers(), 'portlog_events_total', 'discarded');
    expect(dropped).toBeGreaterThan(0);

    mood = 'refuses';
    await runPipeline(sink, [], { stateDir, clock });
    await ship();
    mood = 'takes';
    await ship();
    const last = numbers();
    expect(valueOf(last, 'portlog_events_read_total')).toBe(5 * read);
    expect(valueOf(last, 'portlog_events_total')).toBe(5 * read);
    // What was left on disk has come to something since.
    expect(valueOf(last, 'portlog_spool_events')).toBe(0);
    expect(valueOf(last, 'portlog_replayed_events_total')).toBe(valueOf(last, 'portlog_events_total', 'spooled'));
    expect(valueOf(last, 'portlog_events_total', 'delivered')).toBe(taken);
    expect(valueOf(last, 'portlog_events_total', 'dead')).toBe(read);
    expect(valueOf(last, 'portlog_sink_up')).toBe(1);
    expect(new Set(last.flatMap(({ labels }) => labels['sink'] ?? []))).toEqual(new Set([sink.name]));
  });
});

test('what an earlier version has added up under the name of a sink goes on under what it is', () => {
  const store = openStore(fastDir());
  const totals = new Totals(store.database);
  const tally = { ...newTally(), read: 3, delivered: 3 };
  store.transaction(() => totals.add([{ sink: 'loki http://x (tenant a)', tally, failing: false }], 1));
  const identity = { type: 'loki', target: 'http://x', scope: 'tenant=a' };
  const measured = (): number =>
    valueOf(
      measure({
        database: store.database,
        now: 2,
        isAlive: () => false,
        sinks: [{ name: 'loki http://x (tenant a)', identity }],
        schedules: [],
        directories: [],
        maxAges: new Map(),
        spoolLimit: 0,
      }),
      'portlog_events_total',
      'delivered',
    );
  expect(measured()).toBe(3);
  store.transaction(() => totals.add([{ sink: 'loki http://x (tenant a)', key: 'loki http://x tenant=a', tally, failing: false }], 2));
  expect(measured()).toBe(6);
  expect(totals.sinks().map(({ sink, since }) => [sink, since])).toEqual([['loki http://x tenant=a', 1]]);
  store.close();
});
