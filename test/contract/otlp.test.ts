import { describe, expect, test } from 'vitest';
import { JSON_ENCODING } from '../../src/sink/otlp/encoding.ts';
import { otlpSink } from '../../src/sink/otlp/otlp.ts';
import { PROTOBUF } from '../../src/sink/otlp/protobuf.ts';
import type { OptionsOf } from '../../src/sink/kinds.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { runPipeline } from '../support/delivery.ts';
import { againstServer } from '../support/against.ts';
import { faultContract } from '../support/fault-contract.ts';
import { eventsOf, fixture, host, port, scan } from '../support/scans.ts';
import { answer, type Script, scriptedServer, type Seen } from '../support/scripted-server.ts';
import { batchOf, entriesOf, NEVER, sinkContract } from '../support/sink-contract.ts';
import { sinkOptions } from '../support/sink-options.ts';

const EVENTS = eventsOf(fixture('everything.xml'), { all: true });
const inJson = (options: OptionsOf<'otlp'>): Sink => otlpSink(options, JSON_ENCODING, PROTOBUF);
const against = againstServer('otlp', inJson);

/** As the Collector answers. */
const accepted: Script = (_, response) => answer(response, 200, { partialSuccess: {} });

interface Request {
  readonly resourceLogs: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeLogs: readonly { readonly scope: object; readonly logRecords: readonly { readonly attributes: readonly KeyValue[] }[] }[];
  }[];
}

interface KeyValue {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

function idsIn({ body }: Seen): readonly string[] {
  const { resourceLogs } = JSON.parse(body) as Request;
  return resourceLogs
    .flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords))
    .map(({ attributes }) => attributes.find(({ key }) => key === 'log.record.uid')?.value.stringValue ?? '');
}

describe('the contract', () => sinkContract(async () => (await against(accepted)).sink));

test('one request of one resource, to /v1/logs behind the base URL, compressed, with the credentials', async () => {
  const { sink, seen } = await against(accepted, { credentials: { kind: 'bearer', secret: () => 'token' }, tenant: 'team-a' });
  await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({
    path: '/v1/logs',
    headers: { 'content-type': 'application/json', 'content-encoding': 'gzip', 'authorization': 'Bearer token', 'x-scope-orgid': 'team-a' },
  });
  const { resourceLogs } = JSON.parse(seen[0]!.body) as Request;
  expect(resourceLogs).toHaveLength(1);
  expect(resourceLogs[0]?.resource.attributes[0]).toEqual({ key: 'service.name', value: { stringValue: 'portlog' } });
  expect(resourceLogs[0]?.scopeLogs[0]?.scope).toMatchObject({ name: 'portlog' });
  expect(idsIn(seen[0]!)).toEqual(EVENTS.map(({ id }) => id));
});

test('what ran on another machine is another resource, and another request', async () => {
  const { sink } = await against(accepted);
  const here = eventsOf(fixture('everything.xml'), { scannerHost: 'scan1' });
  expect(new Set(entriesOf(sink, [...EVENTS, ...here]).map(({ partition }) => partition)).size).toBe(2);
});

test.each(['/otlp', '/otlp/', '/otlp/v1/logs'])('a base URL with the path %s', async (path) => {
  const server = await scriptedServer(accepted);
  const sink = inJson(sinkOptions('otlp', { target: server.url.origin + path }));
  await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
  expect(server.seen[0]?.path).toBe('/otlp/v1/logs');
  await sink.close();
  await server.stop();
});

describe('what a receiver may answer', () => {
  const send = async (script: Script, count = 3): Promise<Awaited<ReturnType<Sink['send']>>> => {
    const { sink } = await against(script);
    return sink.send(batchOf(entriesOf(sink, EVENTS.slice(0, count))), NEVER);
  };

  test('200 with nothing, or 204, as Loki', async () => {
    expect(await send((_, response) => void response.writeHead(204).end())).toMatchObject({ delivered: 3 });
    expect(await send((_, response) => void response.writeHead(200).end())).toMatchObject({ delivered: 3 });
  });

  test('any 2xx is success: Fluent Bit says 201', async () => {
    for (const status of [200, 201, 202, 204])
      expect(await send((_, response) => void response.writeHead(status).end())).toMatchObject({ delivered: 3 });
    expect(await send((_, response) => answer(response, 201, { partialSuccess: {} }))).toMatchObject({ delivered: 3 });
  });

  test.each([
    '[]',
    'null',
    '"ok"',
    '7',
    'hello',
    '<html>',
    '{"error":"overloaded"}',
    '{"code":3,"message":"bad"}',
    '{"partialSuccess":[]}',
    '{"partialSuccess":"no"}',
    '{"partialSuccess":{"rejectedLogRecords":-1}}',
    '{"partialSuccess":{"rejectedLogRecords":1.5}}',
    '{"partialSuccess":{"rejectedLogRecords":{}}}',
    '{"partialSuccess":{"rejectedLogRecords":"1e3"}}',
    '{"partialSuccess":{"errorMessage":{}}}',
    '{"partialSuccess":{"rejectedLogRecords":4}}',
    '{"partialSuccess":{},"errors":[1]}',
    '{"status":"success"}',
    '['.repeat(100_000),
  ])('200 with %s acknowledges nothing, and nothing is lost', async (body) => {
    await expect(send((_, response) => answer(response, 200, body))).rejects.toMatchObject({ name: 'SinkError', kind: 'temporary' });
  });

  test('200 that rejects some, and does not say which: all are kept as rejected, with what is known', async () => {
    const outcome = await send((_, response) => answer(response, 200, { partialSuccess: { rejectedLogRecords: '1', errorMessage: 'too old' } }));
    expect(outcome).toMatchObject({ delivered: 0, retry: [] });
    expect(outcome.rejected.map(({ reason }) => reason)).toEqual(
      Array(3).fill('rejected 1 of the 3 records of this request, without saying which: too old'),
    );
  });

  test('a warning in it rejects nothing', async () => {
    expect(await send((_, response) => answer(response, 200, { partialSuccess: { errorMessage: 'soon deprecated' } }))).toMatchObject({
      delivered: 3,
      rejected: [],
    });
  });

  test('400 and 413: halves, down to the record that is bad', async () => {
    for (const status of [400, 413]) expect(await send((_, response) => answer(response, status, {}))).toMatchObject({ delivered: 0, split: true });
    const { rejected } = await send((_, response) => answer(response, 400, { code: 3, message: 'invalid trace id' }), 1);
    expect(rejected.map(({ reason, status }) => [reason, status])).toEqual([['invalid trace id', 400]]);
  });

  test.each([429, 502, 503, 504, 507])('%i is temporary', async (status) => {
    await expect(send((_, response) => answer(response, status, {}, { 'retry-after': '7' }))).rejects.toMatchObject({ kind: 'temporary' });
  });

  test('500 is not retried as a whole, because it may be about one record: the request is split, and that record fails with the receiver’s message', async () => {
    const words = 'error exporting to topic "nmap": record size 3010000 exceeds max 1000000: MESSAGE_TOO_LARGE';
    const script: Script = (_, response) => answer(response, 500, { code: 13, message: words });
    expect(await send(script)).toMatchObject({ delivered: 0, split: true });
    const { retry, refusal } = await send(script, 1);
    expect([retry.length, refusal]).toEqual([1, { reason: words, status: 500 }]);
  });

  test.each([
    [401, /does not accept the credentials/],
    [403, /does not accept the credentials/],
    [404, /does not accept OTLP at/],
    [415, /does not accept this encoding/],
    [301, /answers with a redirect/],
  ])('%i needs a person', async (status, message) => {
    await expect(send((_, response) => answer(response, status, {}, { location: 'https://other' }))).rejects.toMatchObject({
      kind: 'permanent',
      message: expect.stringMatching(message),
    });
  });

  test.for<readonly [where: string, script: Script]>([
    [
      'in a header',
      (_, response) => void response.writeHead(200, { 'content-type': 'application/grpc', 'grpc-status': '14', 'grpc-message': 'no' }).end(),
    ],
    ['in a header, whatever the type', (_, response) => void response.writeHead(200, { 'grpc-status': '14', 'grpc-message': 'no' }).end()],
    [
      'behind the body',
      (_, response) => {
        response.writeHead(200, { trailer: 'grpc-status, grpc-message' });
        response.write('{}');
        response.addTrailers({ 'grpc-status': '14', 'grpc-message': 'no' });
        response.end();
      },
    ],
  ])('an error of gRPC, which comes with status 200, delivers nothing: %s', async ([, script]) => {
    await expect(send(script)).rejects.toMatchObject({
      kind: 'temporary',
      message: expect.stringContaining('answers in gRPC (status 14: no)'),
      hint: expect.stringContaining('4318'),
    });
  });

  test('errors in protobuf are made readable', async () => {
    const bytes = Buffer.from([0x08, 0x03, 0x12, 0x09, ...Buffer.from('too large')]);
    const { rejected } = await send((_, response) => void response.writeHead(400).end(bytes), 1);
    expect(rejected[0]?.reason).toBe('too large');
  });

  test.each(['in JSON', 'in protobuf'])('an error behind a Collector is reported in its own words only, %s', async (form) => {
    // As the Collector's exporter for Kafka said it; the length of the text is a printable byte.
    const message = 'error exporting to topic "nmap": context deadline exceeded';
    const bytes = Buffer.from([0x08, 0x0e, 0x12, message.length, ...Buffer.from(message)]);
    const body = form === 'in JSON' ? JSON.stringify({ code: 14, message }) : bytes;
    await expect(send((_, response) => void response.writeHead(503).end(body))).rejects.toMatchObject({
      kind: 'temporary',
      message: expect.stringMatching(/ is busy or broken \(503: error exporting to topic "nmap": context deadline exceeded\)$/),
    });
  });
});

test('check sends no record', async () => {
  const { sink, seen } = await against(accepted);
  expect((await sink.check(NEVER)).map(({ level }) => level)).toEqual(['ok']);
  expect(seen.map(({ body }) => body)).toEqual(['{"resourceLogs":[]}']);
});

describe('through a pipeline', () => {
  faultContract({
    open: (url) => inJson(sinkOptions('otlp', { target: url.href, timeoutMs: 300 })),
    ids: idsIn,
    accept: (seen, response) => accepted(seen, response, 0),
  });

  test('a record that is bad is found, and the others are delivered', async () => {
    const stored = new Set<string>();
    const { sink } = await against((seen, response, index) => {
      const ids = idsIn(seen);
      if (ids.includes(EVENTS[4]!.id)) return answer(response, 400, { message: 'bad' });
      for (const id of ids) stored.add(id);
      accepted(seen, response, index);
    });
    const { tally } = (await runPipeline(sink, EVENTS)).account;
    expect(tally).toMatchObject({ read: EVENTS.length, delivered: EVENTS.length - 1, dead: 1 });
    expect(stored.size).toBe(EVENTS.length - 1);
  });

  test('a path that the receiver has not (400 of VictoriaLogs) makes no dead letters: check and the run say it', async () => {
    const { sink } = await against((_, response) => answer(response, 400, 'unsupported path requested: "/v1/logs"'));
    await expect(sink.check(NEVER)).rejects.toThrow('does not accept OTLP at / (400: unsupported path requested: "/v1/logs")');
    const { account, failure } = await runPipeline(sink, EVENTS);
    expect(account.tally).toMatchObject({ dead: 0, spooled: EVENTS.length });
    expect(failure).toMatchObject({ kind: 'permanent', hint: expect.stringContaining('/insert/opentelemetry') });
  });

  // A Collector says so of what its exporter can never pass on (consumererror.Permanent, codes.Internal), as of a record over Kafka's limit.
  test.each([
    ['one', [4]],
    ['three', [2, 3, 7]],
    ['many beside each other', [1, 2, 3, 4, 5, 6]],
  ])('records that a Collector can never pass on (%s) are found in one run, and the others are delivered', async (_, places) => {
    const stored = new Set<string>();
    const bad = places.map((place) => EVENTS[place]!.id);
    const { sink } = await against((seen, response, index) => {
      const ids = idsIn(seen);
      if (ids.some((id) => bad.includes(id))) return answer(response, 500, { code: 13, message: 'MESSAGE_TOO_LARGE' });
      for (const id of ids) stored.add(id);
      accepted(seen, response, index);
    });
    const { account, firstRejection } = await runPipeline(sink, EVENTS, { retryForMs: 300_000 });
    expect(account.tally).toMatchObject({ read: EVENTS.length, delivered: EVENTS.length - bad.length, dead: bad.length, spooled: 0 });
    expect(firstRejection).toBe('MESSAGE_TOO_LARGE');
    expect(stored.size).toBe(EVENTS.length - bad.length);
  });

  test('a Collector that can pass on nothing at all makes no dead letters, and is not asked about each record', async () => {
    const { sink, seen } = await against((_, response) => answer(response, 500, { code: 13, message: 'TOPIC_AUTHORIZATION_FAILED' }));
    const many = eventsOf(scan(Array.from({ length: 200 }, (_, i) => host(`192.0.2.${i}`, port(80))).join('')));
    const { account, failure } = await runPipeline(sink, many, { retryForMs: 0 });
    expect(account.tally).toMatchObject({ read: many.length, delivered: 0, dead: 0, spooled: many.length });
    expect(failure?.message).toMatch(/^otlp .* refuses what it is sent \(500: TOPIC_AUTHORIZATION_FAILED\)$/);
    expect(seen.length).toBeLessThan(40);
  });
});
