import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { page } from '../support/docs.ts';
import { freshDir, portlog, ROOT, until } from '../support/run-portlog.ts';
import { startCollectorWith } from './collector.ts';
import { type KafkaServer, startKafka } from './kafka.ts';
import { freePort } from './ports.ts';

/* docs/how-to/kafka.md with the configurations that it shows: portlog, a Collector, Kafka, and a Collector that reads. */

const EVERYTHING = join(ROOT, 'test/fixtures/everything.xml');
const [TO_KAFKA, FROM_KAFKA, ECS_TO_KAFKA] = [...page('docs/how-to/kafka.md').matchAll(/^```yaml\n([^]*?)^```/gm)].map(([, yaml = '']) => yaml);

let kafka: KafkaServer;
const stops: (() => Promise<void>)[] = [];
beforeAll(async () => {
  kafka = await startKafka();
});
afterAll(async () => {
  for (const stop of stops) await stop();
  await kafka?.stop();
});

/** A Collector with a configuration of the page, whose places are other ones here. */
async function collectorOf(yaml = '', places: Readonly<Record<string, string>> = {}): ReturnType<typeof startCollectorWith> {
  let text = yaml.replaceAll('kafka:9092', kafka.broker);
  for (const [there, here] of Object.entries(places)) text = text.replaceAll(there, here);
  const { receivers, exporters, extensions } = parse(text) as Record<string, Record<string, object>>;
  const collector = await startCollectorWith(receivers ?? {}, exporters, extensions);
  stops.push(() => collector.stop());
  return collector;
}

const recordsIn = (requests: readonly any[]): readonly any[] =>
  requests.flatMap(({ resourceLogs }) => resourceLogs.flatMap(({ scopeLogs }: any) => scopeLogs.flatMap(({ logRecords }: any) => logRecords)));
const uidOf = ({ attributes }: any): string => attributes.find(({ key }: any) => key === 'log.record.uid').value.stringValue;

/** Each record by its id, without the time at which it was read. Fails when one is there twice. */
function byId(records: readonly any[]): ReadonlyMap<string, unknown> {
  expect(new Set(records.map(uidOf)).size).toBe(records.length);
  return new Map(records.map((record) => [uidOf(record), { ...record, observedTimeUnixNano: undefined }]));
}

test('over OTLP: what Kafka has is delivered, what it has not waits with portlog, and each record arrives once', async () => {
  const port = await freePort();
  await collectorOf(TO_KAFKA, { '0.0.0.0:4318': `127.0.0.1:${port}` });
  const to = ['--to', `otlp=http://127.0.0.1:${port}`];
  const state = ['--state-dir', freshDir()];
  const what = (site: string): readonly string[] => ['--all', '--sensor', 'here', '--site', site, EVERYTHING];
  const ship = (site: string): ReturnType<typeof portlog> => portlog([...state, '--no-changes', '--retry-for-seconds', '1', ...to, ...what(site)]);

  const before = await ship('before');
  expect([before.code, before.stderr]).toEqual([0, expect.stringContaining('read 12 = delivered 12 +')]);

  await kafka.halt();
  const without = await ship('without');
  expect([without.code, without.stderr]).toEqual([5, expect.stringContaining('delivered 0 + already 0 + dead 0 + spooled 12')]);
  expect(without.stderr).toMatch(/is busy or broken \(503: error exporting to topic "nmap": /);

  await kafka.start();
  const replay = await portlog(['replay', ...state, ...to]);
  expect([replay.code, replay.stderr]).toEqual([0, expect.stringContaining('read 14 = delivered 14 +')]);

  // Not before: a reader says once a second how far it is, and reads again what it could not say when the broker went.
  const reader = await collectorOf(FROM_KAFKA);
  // With one about each run, and one about the delivery.
  await until(async () => recordsIn(await reader.requests()).length >= 27);
  const came = byId(recordsIn(await reader.requests()));
  for (const site of ['before', 'without']) {
    const { stdout } = await portlog(['--to', 'stdout', '--format', 'otel', ...what(site)]);
    const shown = byId(
      recordsIn(
        stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ),
    );
    expect(shown.size).toBe(12);
    for (const [id, record] of shown) expect(came.get(id), id).toEqual(record);
  }
});

test('over OTLP, requests of a large scan are within what Kafka takes', async () => {
  const port = await freePort();
  await collectorOf(TO_KAFKA, { '0.0.0.0:4318': `127.0.0.1:${port}` });
  const file = join(freshDir(), 'large.xml');
  writeFileSync(file, largeScan());
  const { code, stderr } = await portlog([
    '--state-dir',
    freshDir(),
    '--no-changes',
    '--retry-for-seconds',
    '300',
    '--to',
    `otlp=http://127.0.0.1:${port}`,
    file,
  ]);
  expect([code, stderr]).toEqual([0, expect.stringContaining('read 4,001 = delivered 4,001 ')]);
});

test('over OTLP, an event with megabytes of script output is shortened; one that Kafka still refuses is a dead letter, and the others arrive', async () => {
  const port = await freePort();
  await collectorOf(TO_KAFKA, { '0.0.0.0:4318': `127.0.0.1:${port}` });
  const dir = freshDir();
  const file = join(dir, 'long.xml');
  writeFileSync(file, largeScan(20, `<script id="s" output="${'long '.repeat(400_000)}"/>`));
  const ship = async (more: string): ReturnType<typeof portlog> => {
    const config = join(dir, 'portlog.yaml');
    writeFileSync(config, `sinks: [{ type: otlp, url: 'http://127.0.0.1:${port}'${more} }]`);
    return portlog(['--state-dir', freshDir(), '--no-changes', '--retry-for-seconds', '300', '--config', config, file]);
  };
  const shortened = await ship('');
  expect([shortened.code, shortened.stderr]).toEqual([0, expect.stringContaining('read 41 = delivered 41 + already 0 + dead 0')]);
  const whole = await ship(', maxEventBytes: 4000000');
  expect([whole.code, whole.stderr]).toEqual([1, expect.stringContaining('read 41 = delivered 40 + already 0 + dead 1')]);
  expect(whole.stderr).toMatch(/could not be delivered \(Permanent error: error exporting to topic "nmap": .*MESSAGE_TOO_LARGE/);
});

test('over a file: each event is a message, once, however often the Collector starts', async () => {
  const [logs, storage] = [freshDir(), freshDir()];
  const file = join(logs, 'nmap.ndjson');
  const places = { '/var/log/portlog/nmap.ndjson': file, '/var/lib/otelcol': storage };
  const reader = await collectorOf(FROM_KAFKA, { '[nmap]': '[nmap-ecs], encoding: json', 'earliest': 'earliest\n    group_id: ecs' });
  const state = freshDir();
  mkdirSync(storage, { recursive: true });
  for (const site of ['one', 'two']) {
    const collector = await collectorOf(ECS_TO_KAFKA, places);
    expect((await portlog(['--state-dir', state, '--site', site, '--to', `file=${file}`, '--all', EVERYTHING])).code).toBe(0);
    const lines = readFileSync(file, 'utf8').trim().split('\n').length;
    await until(async () => recordsIn(await reader.requests()).length >= lines);
    stops.pop();
    await collector.stop();
  }
  const written = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const read = recordsIn(await reader.requests()).map(({ body }) => valueOf(body) as { event: { id: string } });
  const sorted = (events: readonly { event: { id: string } }[]): readonly unknown[] =>
    events.toSorted((a, b) => a.event.id.localeCompare(b.event.id));
  expect(sorted(read)).toEqual(sorted(written));
});

/** An AnyValue of OTLP as the JSON that it was read from. */
function valueOf({ stringValue, intValue, doubleValue, boolValue, arrayValue, kvlistValue }: any): unknown {
  if (kvlistValue !== undefined) return Object.fromEntries((kvlistValue.values ?? []).map(({ key, value }: any) => [key, valueOf(value)]));
  if (arrayValue !== undefined) return (arrayValue.values ?? []).map(valueOf);
  return intValue === undefined ? (stringValue ?? doubleValue ?? boolValue) : Number(intValue);
}

/** `script` stands at the port of the first host. */
function largeScan(count = 2000, script = ''): string {
  const port = (more: string): string =>
    `<port protocol="tcp" portid="22"><state state="open" reason="syn-ack"/><service name="ssh" product="${'x'.repeat(1500)}"/>${more}</port>`;
  const hosts = Array.from(
    { length: count },
    (_, i) =>
      `<host><status state="up"/><address addr="10.0.${i >> 8}.${i & 255}" addrtype="ipv4"/><ports>${port(i === 0 ? script : '')}</ports></host>`,
  );
  return `<nmaprun scanner="nmap" args="nmap -p 22 10.0.0.0/21" start="1700000000">${hosts.join('\n')}<runstats><finished time="1700000100" exit="success"/></runstats></nmaprun>`;
}
