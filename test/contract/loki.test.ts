import { afterEach, describe, expect, test } from 'vitest';
import { FIELDS } from '../../src/event/fields.ts';
import { METADATA } from '../../src/sink/loki/entry.ts';
import { lokiSink } from '../../src/sink/loki/loki.ts';
import type { OptionsOf } from '../../src/sink/kinds.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { runPipeline } from '../support/delivery.ts';
import { faultContract } from '../support/fault-contract.ts';
import { ecs, eventsOf, fixture, host, port, scan } from '../support/scans.ts';
import { type Script, scriptedServer, type Seen } from '../support/scripted-server.ts';
import { batchOf, entriesOf, NEVER, sinkContract } from '../support/sink-contract.ts';
import { sinkOptions } from '../support/sink-options.ts';

const EVENTS = eventsOf(fixture('everything.xml'), { all: true });
const PORTS = EVENTS.filter(({ dataset }) => dataset === 'nmap.port');
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const options = (more: Partial<OptionsOf<'loki'>> = {}): OptionsOf<'loki'> => sinkOptions('loki', more);

async function against(script: Script, more: Partial<OptionsOf<'loki'>> = {}): Promise<{ sink: Sink; seen: Seen[] }> {
  const server = await scriptedServer(script);
  const sink = lokiSink(options({ target: server.url.href, ...more }));
  stops.push(() => sink.close().then(() => server.stop()));
  return { sink, seen: server.seen };
}

type Value = readonly [time: string, line: string, metadata: Readonly<Record<string, string>>];
interface Push {
  readonly streams: readonly { readonly stream: Readonly<Record<string, string>>; readonly values: readonly Value[] }[];
}

function pushed({ body }: Pick<Seen, 'body'>): Push {
  return JSON.parse(body) as Push;
}

const stored: Script = (_, response) => void response.writeHead(204).end();
const complaint =
  (text: string): Script =>
  (_, response) =>
    void response.writeHead(400).end(`${text}\n`);

describe('the contract', () => sinkContract(async () => (await against(stored)).sink));

describe('through a pipeline', () => {
  faultContract({
    open: (url) => lokiSink(options({ target: url.href, timeoutMs: 300 })),
    ids: (seen) => pushed(seen).streams.flatMap(({ values }) => values.map(([, , metadata]) => metadata['event_id'] as string)),
    accept: (_, response) => void response.writeHead(204).end(),
  });
});

test('one stream a request, few labels, the line is the event without event.created', async () => {
  const { sink, seen } = await against(stored, {
    tenant: 'team-a',
    streamLabels: { env: 'prod' },
    credentials: { kind: 'bearer', secret: () => 'x' },
  });
  const pipeline = await runPipeline(sink, EVENTS);
  expect(pipeline.account.tally).toMatchObject({ delivered: EVENTS.length });
  for (const one of seen) expect(pushed(one).streams).toHaveLength(1);
  expect(seen[0]).toMatchObject({
    path: '/loki/api/v1/push',
    headers: { 'x-scope-orgid': 'team-a', 'authorization': 'Bearer x', 'content-encoding': 'gzip' },
  });
  const streams = seen.map((one) => pushed(one).streams[0]!);
  const ports = streams.find(({ stream }) => stream['dataset'] === 'nmap.port')!;
  expect(ports.stream).toEqual({ service_name: 'portlog', dataset: 'nmap.port', site: 'default', env: 'prod' });
  const [time, line, metadata] = ports.values[0]!;
  const event = PORTS.find(({ id }) => id === metadata['event_id'])!;
  const { created, ...about } = ecs(event).event;
  expect(created).toBeDefined();
  expect(JSON.parse(line)).toEqual({ ...ecs(event), event: about });
  expect(time).toBe(`${event.time}000000`);
});

test('structured metadata: at most 35 strings with names that Loki takes, each a field of the catalogue', () => {
  expect(METADATA.length).toBeLessThanOrEqual(32);
  const known = new Set(FIELDS.map(({ name }) => name));
  for (const name of METADATA) expect(known.has(name), name).toBe(true);
  for (const event of EVENTS) {
    const [parts] = entriesOf(lokiSink(options()), [event]);
    const metadata = JSON.parse(`{${parts!.parts.join('').split('",{').at(-1)}}`) as Record<string, unknown>;
    expect(Object.keys(metadata).length).toBeLessThanOrEqual(35);
    for (const [name, value] of Object.entries(metadata)) {
      expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(typeof value).toBe('string');
    }
  }
});

test('entries of a request are in the order of time', async () => {
  const { sink, seen } = await against(stored);
  const later = host('192.0.2.1', port(80), 'starttime="1760000001" endtime="1760000900"') + host('192.0.2.2', port(80));
  const events = eventsOf(scan(later)).filter(({ dataset }) => dataset === 'nmap.port');
  await sink.send(batchOf(entriesOf(sink, events)), NEVER);
  const times = pushed(seen[0]!).streams[0]!.values.map(([time]) => Number(time));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

describe('time', () => {
  test('what rules listen to carries the time of sending, and the scan time in the metadata', async () => {
    const { sink, seen } = await against(stored);
    const end = EVENTS.filter(({ dataset }) => dataset === 'nmap.scan');
    const [entry] = entriesOf(sink, end);
    await sink.send(batchOf([entry!]), NEVER);
    const [time, , metadata] = pushed(seen[0]!).streams[0]!.values[0]!;
    expect(time).toBe(`${entry!.queued}000000`);
    expect(metadata['scan_time']).toBe(new Date(end[0]!.time).toISOString());
    const now = Date.now();
    await sink.send(batchOf([{ ...entry!, queued: now - 11 * 60_000 }]), NEVER);
    expect(Number(BigInt(pushed(seen[1]!).streams[0]!.values[0]![0]) / 1_000_000n)).toBeGreaterThanOrEqual(now);
  });

  test.for([
    [
      'too old',
      (cut: string) =>
        `1 errors like: entry for stream '{a="b"}' has timestamp too old: 2000-01-01T00:00:00Z, oldest acceptable timestamp is: ${cut}`,
    ],
    [
      'too far behind',
      (cut: string) =>
        `entry with timestamp x ignored, reason: 'entry too far behind, entry timestamp is: x, oldest acceptable timestamp is: ${cut}',\nuser 't', total ignored: 1 out of 2 for stream: {a="b"}`,
    ],
    ['too new', (cut: string) => `entry for stream '{a="b"}' has timestamp too new: ${cut}`],
  ] as const)('%s: those entries go beside the stream with the time of sending, the others as they are', async ([kind, text]) => {
    const hosts = host('192.0.2.1', port(80)) + host('192.0.2.2', port(80), 'starttime="1760003000" endtime="1760003600"');
    const events = eventsOf(scan(hosts)).filter(({ dataset }) => dataset === 'nmap.port');
    const cut = new Date((kind === 'too new' ? 1_760_003_600 : 1_760_000_500) * 1000).toISOString().replace('.000', '');
    const { sink, seen } = await against((one, response, index) =>
      index === 0 ? complaint(text(cut))(one, response, index) : stored(one, response, index),
    );
    const pipeline = await runPipeline(sink, events);
    expect(pipeline.account.tally).toMatchObject({ read: 2, delivered: 2, restamped: 1, dead: 0 });
    const late = seen
      .slice(1)
      .map((one) => pushed(one).streams[0]!)
      .find(({ stream }) => stream['late'] === 'true')!;
    const moved = events[kind === 'too new' ? 1 : 0]!;
    expect(late.values).toHaveLength(1);
    expect(late.values[0]![2]).toMatchObject({ event_id: moved.id, scan_time: new Date(moved.time).toISOString() });
    const onTime = seen
      .slice(1)
      .map((one) => pushed(one).streams[0]!)
      .find(({ stream }) => stream['late'] === undefined)!;
    expect(onTime.values.map(([, , { event_id: id }]) => id)).toEqual([events[kind === 'too new' ? 0 : 1]!.id]);
  });
});

describe('answers', () => {
  test('a line that is too long is shortened to what Loki says it takes, and marked; the next ones at once', async () => {
    const { sink, seen } = await against((one, response, index) => {
      const long = pushed(one).streams[0]!.values.some(([, line]) => line.length > 5000);
      if (long)
        complaint(`max entry size '5000' bytes exceeded for stream '{a="b"}' while adding an entry with length '9' bytes`)(one, response, index);
      else stored(one, response, index);
    });
    const script = `<script id="x" output="${'y'.repeat(6000)}"/>`;
    const ports = `<ports><port protocol="tcp" portid="1"><state state="open"/></port><port protocol="tcp" portid="2"><state state="open"/>${script}</port></ports>`;
    const pipeline = await runPipeline(sink, eventsOf(scan(host('192.0.2.1', ports))));
    expect(pipeline.account.tally).toMatchObject({ read: 4, delivered: 4, dead: 0 });
    const lines = seen.flatMap((one) => pushed(one).streams[0]!.values.map(([, line]) => JSON.parse(line) as { nmap: { shortened?: true } }));
    expect(lines.filter(({ nmap }) => nmap.shortened)).toHaveLength(1);
    const before = seen.length;
    await sink.send(
      batchOf(
        entriesOf(
          sink,
          eventsOf(scan(host('192.0.2.1', ports))).filter(({ dataset }) => dataset === 'nmap.port'),
        ),
      ),
      NEVER,
    );
    expect(seen.length - before).toBe(1);
  });

  test('what Loki takes by default is known beforehand: 256 KiB', async () => {
    const { sink, seen } = await against(stored);
    const script = `<script id="x" output="${'y'.repeat(300_000)}"/>`;
    const ports = `<ports><port protocol="tcp" portid="2"><state state="open"/>${script}</port></ports>`;
    const pipeline = await runPipeline(sink, eventsOf(scan(host('192.0.2.1', ports))));
    expect(pipeline.account.tally).toMatchObject({ delivered: 3, dead: 0 });
    const lines = seen.flatMap((one) => pushed(one).streams[0]!.values.map(([, line]) => line));
    expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThanOrEqual(262_144);
  });

  test("a line that cannot be shortened enough is a dead letter with Loki's reason", async () => {
    const { sink } = await against(
      complaint(`max entry size '50' bytes exceeded for stream '{a="b"}' while adding an entry with length '900' bytes`),
    );
    const pipeline = await runPipeline(sink, PORTS.slice(0, 1));
    expect(pipeline.account.tally).toMatchObject({ delivered: 0, dead: 1 });
    expect(pipeline.firstRejection).toContain("max entry size '50' bytes exceeded");
  });

  test('a 400 with an unknown text: halves, until the one event is found', async () => {
    const poison = PORTS[1]!.id;
    const { sink } = await against((one, response, index) =>
      (one.body.includes(poison) ? complaint('something that no one has seen before') : stored)(one, response, index),
    );
    const pipeline = await runPipeline(sink, EVENTS);
    expect(pipeline.account.tally).toMatchObject({ read: EVENTS.length, delivered: EVENTS.length - 1, dead: 1 });
  });

  test('a request that is too large for gRPC gets a 500, and goes in halves', async () => {
    const { sink } = await against((one, response, index) => {
      const tooLarge = pushed(one).streams[0]!.values.length > 2;
      if (tooLarge)
        response.writeHead(500).end('rpc error: code = ResourceExhausted desc = grpc: received message larger than max (4680856 vs. 4194304)\n');
      else stored(one, response, index);
    });
    const pipeline = await runPipeline(sink, EVENTS);
    expect(pipeline.account.tally).toMatchObject({ read: EVENTS.length, delivered: EVENTS.length });
  });

  test.for([
    [401, 'no org id', 'does not accept the credentials'],
    [400, 'multiple org IDs present', 'does not accept the tenant'],
    [404, '404 page not found', 'it is not Loki'],
    [400, "stream '{}' includes structured metadata, but this feature is disallowed. Please see", 'does not accept structured metadata'],
    [302, '', 'answers with a redirect'],
    [403, 'forbidden', 'does not allow pushing'],
  ] as const)('%s %s needs a person', async ([status, body, message]) => {
    const { sink } = await against((_, response) => void response.writeHead(status).end(body));
    const sent = sink.send(batchOf(entriesOf(sink, PORTS)), NEVER);
    await expect(sent).rejects.toMatchObject({ name: 'SinkError', kind: 'permanent' });
    await expect(sent).rejects.toThrow(message);
  });

  test('check pushes nothing', async () => {
    const { sink, seen } = await against(
      (_, response) => void response.writeHead(422).end('error at least one valid stream is required for ingestion'),
    );
    expect((await sink.check(NEVER)).map(({ level }) => level)).toEqual(['ok']);
    expect(seen.map(({ body }) => body)).toEqual(['{"streams":[]}']);
  });

  test('check of something else', async () => {
    const { sink } = await against((_, response) => void response.writeHead(200).end('<html>'));
    await expect(sink.check(NEVER)).rejects.toThrow('is not what Loki writes');
  });

  test('a tenant at its limit is Loki all the same, and may take events soon', async () => {
    const { sink } = await against((_, response) => void response.writeHead(429, { 'retry-after': '7' }).end('rate limit exceeded'));
    await expect(sink.check(NEVER)).rejects.toMatchObject({ kind: 'temporary', retryAfterMs: 7000 });
  });
});

describe('labels that Loki would refuse are named at the start', () => {
  test.for([
    [{ '1st': 'x' }, 'only letters, digits and underscores, no digit first'],
    [{ 'a.b': 'x' }, 'only letters, digits and underscores, no digit first'],
    [{ __mine: 'x' }, "Loki's own"],
    [{ site: 'x' }, "portlog's own"],
    [{ big: 'x'.repeat(2049) }, 'more than 2048 bytes'],
    [Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`l${i}`, 'x'])), '16 labels are more than the 15'],
  ] as const)('%j', ([labels, message]) => {
    expect(() => lokiSink(options({ streamLabels: labels }))).toThrow(message);
  });
});
