import { afterAll, describe, expect, test } from 'vitest';
import { openSink } from '../../src/config/open-sink.ts';
import { measure } from '../../src/metrics/measure.ts';
import type { Series } from '../../src/metrics/catalogue.ts';
import type { LogEvent } from '../../src/event/event.ts';
import { type Entry, type Outcome, type Sink, SinkError } from '../../src/sink/sink.ts';
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

/** A sink of that kind that answers as it is told. */
class ScriptedSink {
  answer: 'down' | 'refuses' | 'takes' = 'down';
  taken = 0;
  readonly stateDir = fastDir();
  readonly clock = clockAt();
  readonly sink: Sink;

  constructor(real: Sink) {
    this.sink = { ...real, send: ({ entries }) => this.send(entries) };
  }

  private async send(entries: readonly Entry[]): Promise<Outcome> {
    if (this.answer === 'down') throw new SinkError('permanent', 'down');
    if (this.answer === 'refuses') return { ...NOTHING, rejected: entries.map((entry) => ({ entry, reason: 'no' })) };
    this.taken += entries.length;
    return { ...NOTHING, delivered: entries.length };
  }

  /** Ships the events, or only what waits. Number of events that were read. */
  async ship(events: readonly LogEvent[] = EVENTS, limits = {}): Promise<number> {
    const { stateDir, clock } = this;
    return (await runPipeline(this.sink, events, { stateDir, clock, limits })).account.tally.read;
  }

  purge(): void {
    const store = openStore(this.stateDir, {}, this.clock.now);
    store.purge(store.waiting());
    store.close();
  }

  series(): readonly Series[] {
    const store = openStore(this.stateDir, {}, this.clock.now);
    const none = { schedules: [], directories: [], maxAges: new Map<string, number>(), spoolLimit: 0 };
    const series = measure({ ...none, database: store.database, now: this.clock.now(), isAlive: () => false, sinks: [this.sink] });
    store.close();
    return series;
  }

  sum(metric: string, fate?: string): number {
    return valueOf(this.series(), metric, fate);
  }
}

describe('metrics say what became of each event', () => {
  const open: Sink[] = [];
  afterAll(() => Promise.all(open.map((sink) => sink.close())));

  async function scripted(kind: string): Promise<ScriptedSink> {
    const real = (await KINDS[kind]?.()) as Sink;
    open.push(real);
    return new ScriptedSink(real);
  }

  test.for(Object.keys(KINDS))('%s: purged, then too old, then dropped', async (kind) => {
    const one = await scripted(kind);
    const read = await one.ship();
    expect(read).toBeGreaterThan(0);
    one.purge();
    expect(one.sum('portlog_replayed_events_total', 'discarded')).toBe(read);

    await one.ship();
    passDays(one.stateDir, one.clock, 40);
    await one.ship([]);
    expect(one.sum('portlog_replayed_events_total', 'discarded')).toBe(2 * read);

    await one.ship(EVENTS, { maxBytes: 1, whenFull: 'drop-oldest' });
    expect(one.sum('portlog_events_total', 'discarded')).toBeGreaterThan(0);
    expect(one.sum('portlog_events_total')).toBe(one.sum('portlog_events_read_total'));
  });

  test.for(Object.keys(KINDS))('%s: kept on disk and purged, rejected, delivered', async (kind) => {
    const one = await scripted(kind);
    const read = await one.ship();
    one.purge();
    one.answer = 'refuses';
    await one.ship();
    one.answer = 'takes';
    await one.ship();
    expect(one.sum('portlog_events_read_total')).toBe(3 * read);
    expect(one.sum('portlog_events_total')).toBe(3 * read);
    // What was left on disk has come to something since.
    expect(one.sum('portlog_spool_events')).toBe(0);
    expect(one.sum('portlog_replayed_events_total')).toBe(one.sum('portlog_events_total', 'spooled'));
    expect(one.sum('portlog_events_total', 'delivered')).toBe(one.taken);
    expect(one.sum('portlog_events_total', 'dead')).toBe(read);
    expect(one.sum('portlog_sink_up')).toBe(1);
    expect(new Set(one.series().flatMap(({ labels }) => labels['sink'] ?? []))).toEqual(new Set([one.sink.name]));
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
