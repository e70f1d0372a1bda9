import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Counter, Gauge, Registry } from 'prom-client';
import { Endpoint } from '../../src/metrics/endpoint.ts';
import { METRICS, type MetricDefinition, type MetricName, type Series } from '../../src/metrics/catalogue.ts';
import { exposition } from '../../src/metrics/exposition.ts';
import { Readiness, type SinkAnswer } from '../../src/unattended/readiness.ts';
import { Heartbeat } from '../../src/unattended/heartbeat.ts';

/* What a supervisor is told over HTTP, whatever happens to the service: each way to a 503, and back. */

const LIMIT_MS = 60_000;
const SINK = 'elasticsearch https://es:9200';

let elapsed: number;
let life: Heartbeat;
let answers: () => Promise<readonly SinkAnswer[]>;
let asked: number;
let metrics: () => Promise<string>;
let readiness: Readiness;
let endpoint: Endpoint;
beforeEach(async () => {
  elapsed = 0;
  asked = 0;
  const clock = { elapsed: () => elapsed };
  life = new Heartbeat(clock, LIMIT_MS);
  answers = async () => [];
  metrics = async () => 'portlog_build_info 1\n';
  readiness = new Readiness({
    heartbeat: life,
    clock,
    ask: () => {
      asked++;
      return answers();
    },
  });
  endpoint = await Endpoint.open(
    { host: '127.0.0.1', port: 0 },
    { metrics: () => metrics(), health: () => life.health(), readiness: () => readiness.look() },
  );
});
afterEach(() => endpoint.close());

async function get(path: string): Promise<readonly [number, string]> {
  const answer = await fetch(endpoint.url.replace('/metrics', path));
  return [answer.status, await answer.text()];
}

describe('/healthz', () => {
  test('is 503 when the loop shows no sign of life, and 200 when it does again', async () => {
    expect(await get('/healthz')).toEqual([200, 'ok\n']);
    elapsed = LIMIT_MS + 5000;
    expect(await get('/healthz')).toEqual([503, 'the loop has shown no sign of life for 65 seconds\n']);
    life.show();
    expect(await get('/healthz')).toEqual([200, 'ok\n']);
  });

  test('does not depend on sinks: a service whose servers are down must not be restarted', async () => {
    answers = async () => [{ sink: SINK, is: 'down', reason: 'connection refused' }];
    expect((await get('/readyz'))[0]).toBe(503);
    expect((await get('/healthz'))[0]).toBe(200);
  });
});

describe('/readyz', () => {
  const sinkIs = (is: SinkAnswer['is'], reason = ''): void => {
    answers = async () => [{ sink: SINK, is, reason }];
    readiness.forget();
  };

  test('a sink that has taken events and is down was set up, though nobody asked then; one that needs a person is not', async () => {
    life.hasLooked();
    const down = { sink: SINK, is: 'down', reason: 'connection refused', hasTaken: true } as const;
    answers = async () => [down];
    expect((await get('/readyz'))[0]).toBe(200);
    sinkIs('refused', 'wrong key');
    expect((await get('/readyz'))[0]).toBe(503);
    answers = async () => [down];
    readiness.forget();
    expect((await get('/readyz'))[0]).toBe(503);
  });

  test('is 503 until all that lay there was looked at once', async () => {
    expect(await get('/readyz')).toEqual([503, 'state: open\nfirst look: not done yet\n']);
    life.hasLooked();
    expect(await get('/readyz')).toEqual([200, 'state: open\nfirst look: done\n']);
  });

  test.each(['refused', 'down'] as const)('is 503 with a sink that is %s from the beginning, and says why', async (is) => {
    life.hasLooked();
    sinkIs(is, 'the template of portlog is missing');
    expect(await get('/readyz')).toEqual([503, `state: open\nfirst look: done\n${SINK}: the template of portlog is missing\n`]);
  });

  test('stays 200 when a sink that was set up is down, and is 503 when it refuses', async () => {
    life.hasLooked();
    sinkIs('ready');
    expect(await get('/readyz')).toEqual([200, `state: open\nfirst look: done\n${SINK}: set up\n`]);
    sinkIs('down', 'connection refused');
    expect(await get('/readyz')).toEqual([200, `state: open\nfirst look: done\n${SINK}: set up, and down now: connection refused\n`]);
    sinkIs('refused', 'no such key');
    expect((await get('/readyz'))[0]).toBe(503);
    sinkIs('down', 'connection refused');
    expect((await get('/readyz'))[0]).toBe(503);
    sinkIs('ready');
    expect((await get('/readyz'))[0]).toBe(200);
  });

  test('is 503 with one sink of several that is not set up', async () => {
    life.hasLooked();
    answers = async () => [
      { sink: SINK, is: 'ready', reason: '' },
      { sink: 'loki http://loki:3100', is: 'refused', reason: '401' },
    ];
    expect(await get('/readyz')).toEqual([503, `state: open\nfirst look: done\n${SINK}: set up\nloki http://loki:3100: 401\n`]);
  });

  test('checks sinks once a minute at most, however often it is asked, and again after a failure', async () => {
    await Promise.all([get('/readyz'), get('/readyz'), get('/readyz')]);
    expect(asked).toBe(1);
    elapsed = 60_001;
    await get('/readyz');
    expect(asked).toBe(2);
    elapsed += 60_001;
    answers = () => Promise.reject(new Error('the key file is gone'));
    expect(await get('/readyz')).toEqual([500, 'this is not available now: the key file is gone\n']);
    answers = async () => [];
    expect((await get('/readyz'))[0]).toBe(503);
    expect(asked).toBe(4);
  });
});

describe('/metrics', () => {
  test('that cannot be computed are 500 with the reason, without control characters', async () => {
    metrics = () => Promise.reject(new Error('database \u001B[31mis locked'));
    expect(await get('/metrics')).toEqual([500, 'this is not available now: database \\x1B[31mis locked\n']);
  });

  const open = (zone: string, value: number): Series => ({ metric: 'portlog_open_ports', labels: { site: 'a', zone }, value });
  const zonesIn = (text: string): readonly string[] =>
    [...text.matchAll(/^portlog_open_ports\{site="a",zone="(.*)"\} /gm)].map(([, zone = '']) => zone);

  test('has the 200 largest series of a metric, and counts those that are left out', () => {
    const text = exposition([
      ...Array.from({ length: 250 }, (_, i) => open(`z${i}`, i)),
      { metric: 'portlog_hosts', labels: { site: 'a', state: 'up' }, value: 1 },
    ]);
    expect(new Set(zonesIn(text))).toEqual(new Set(Array.from({ length: 200 }, (_, i) => `z${i + 50}`)));
    expect(text).toContain('portlog_series_left_out 50\n');
    expect(text).toContain('portlog_hosts{site="a",state="up"} 1\n');
    expect(exposition([open('z', 1)])).toContain('portlog_series_left_out 0\n');
  });

  test('has values of labels in one line each, whatever is in them, and of a bounded length', () => {
    const text = exposition([open('a"b\\c\nd\u202Ee\u001B', 1), open('x'.repeat(10_000), 2)]);
    const lines = text.split('\n').filter((line) => line.startsWith('portlog_open_ports{'));
    expect(lines).toHaveLength(2);
    expect(text).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u202E]/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(700);
  });

  test('is the text that prom-client writes of the same series', async () => {
    const values = ['plain', 'a"b', String.raw`c:\scans`, '', 'ü', '{x="y"} 1 # HELP'];
    const all = (Object.keys(METRICS) as MetricName[]).flatMap((metric, i): Series[] => {
      if (metric === 'portlog_series_left_out') return [{ metric, labels: {}, value: 0 }];
      const { labels }: MetricDefinition = METRICS[metric];
      const texts = labels.length === 0 ? ['only'] : values;
      return texts.map((text, j) => ({ metric, labels: Object.fromEntries(labels.map((label) => [label, text])), value: (i + 1) * 1.5 ** (j * 9) }));
    });
    expect(exposition(all.filter(({ metric }) => metric !== 'portlog_series_left_out'))).toBe(await byPromClient(all));
  });

  test('has one series for labels that read alike', () => {
    expect(zonesIn(exposition([open('a\u001B', 1), open(String.raw`a\x1B`, 2)]))).toHaveLength(1);
  });
});

/** The same series, by Prometheus' client for Node. */
async function byPromClient(all: readonly Series[]): Promise<string> {
  const registry = new Registry();
  for (const [name, series] of Map.groupBy(all, ({ metric }) => metric)) {
    const { type, help, labels }: MetricDefinition = METRICS[name];
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    const metric = type === 'counter' ? new Counter(options) : new Gauge(options);
    for (const { labels: of, value } of series) metric.inc(of, value);
  }
  return registry.metrics();
}
