import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { otlpLine } from '../../src/event/otel.ts';
import { BufferPool } from '../../src/sink/transport/body.ts';
import { JSON_ENCODING } from '../../src/sink/otlp/encoding.ts';
import { otlpSink } from '../../src/sink/otlp/otlp.ts';
import { PROTOBUF } from '../../src/sink/otlp/protobuf.ts';
import type { OptionsOf } from '../../src/sink/kinds.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { againstServer } from '../support/against.ts';
import { faultContract } from '../support/fault-contract.ts';
import { otlpRequestIn } from '../support/otlp-protobuf.ts';
import { eventsOf, fixture, host, scan } from '../support/scans.ts';
import { answer, type Script, type Seen } from '../support/scripted-server.ts';
import { batchOf, entriesOf, NEVER, sinkContract } from '../support/sink-contract.ts';
import { sinkOptions } from '../support/sink-options.ts';

const EVENTS = eventsOf(fixture('everything.xml'), { all: true });
const inJson = (options: OptionsOf<'otlp'>): Sink => otlpSink(options, JSON_ENCODING, PROTOBUF);
const inProtobuf = (options: OptionsOf<'otlp'>): Sink => otlpSink(options, PROTOBUF, JSON_ENCODING);
const against = againstServer('otlp', inJson);

/* What it makes of a request, the real Collector says: test/server/otlp.test.ts. */
test('a number with a fraction has one type, also when there happens to be none', () => {
  const hops = '<trace><hop ttl="1" ipaddr="192.0.2.1" rtt="7.00"/><hop ttl="2" ipaddr="192.0.2.2" rtt="7.50"/></trace>';
  const lines = eventsOf(scan(host('192.0.2.7', hops)), { all: true }).map(otlpLine);
  const values = lines.flatMap((line) =>
    [...line.matchAll(/"key":"rtt","value":(\{[^}]*\})/g)].map(([, value = '']) => JSON.parse(value) as unknown),
  );
  expect(values).toEqual([{ doubleValue: 7 }, { doubleValue: 7.5 }]);
  expect(lines.join('')).toContain('{"key":"ttl","value":{"intValue":"1"}}');
});

describe('protobuf', () => {
  const againstProtobuf = againstServer('otlp', inProtobuf);
  const acceptedProtobuf: Script = (_, response) => void response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  const partial = (count: number, text: string): Buffer => {
    const inner = Buffer.from([0x08, count, 0x12, text.length, ...Buffer.from(text)]);
    return Buffer.from([0x0a, inner.length, ...inner]);
  };
  /** A string in protobuf is its length and its bytes. */
  const idsInBytes = ({ body }: Seen): readonly string[] => [...body.matchAll(/log\.record\.uid\u0012"\n ([0-9a-f]{32})/g)].map(([, id = '']) => id);

  describe('the contract', () => sinkContract(async () => (await againstProtobuf(acceptedProtobuf)).sink));

  test('says what it is, and has every record', async () => {
    const { sink, seen } = await againstProtobuf(acceptedProtobuf);
    await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
    expect(seen[0]?.headers).toMatchObject({ 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' });
    expect(idsInBytes(seen[0]!)).toEqual(EVENTS.map(({ id }) => id));
  });

  test('says what the JSON says, field by field', () => {
    const sink = inJson(sinkOptions('otlp', { target: 'http://127.0.0.1:4318' }));
    const batch = batchOf(entriesOf(sink, EVENTS));
    expect(otlpRequestIn(PROTOBUF.request(batch, new BufferPool(0)))).toEqual(
      JSON.parse(Buffer.from(JSON_ENCODING.request(batch, new BufferPool(1 << 20))).toString()),
    );
  });

  test('what JSON has only words for is a number', () => {
    const words = ['NaN', 'Infinity', '-Infinity'];
    const parts = words.map((doubleValue) => JSON.stringify({ timeUnixNano: '1', observedTimeUnixNano: '0', body: { doubleValue } }));
    const entries = parts.map((record) => ({ parts: [record], bytes: 0, partition: '', id: '', dataset: 'nmap.port', time: 0, queued: 0 }) as const);
    const read = otlpRequestIn(PROTOBUF.request({ entries, bytes: 0, partition: '{}\n{"name":"x"}' }, new BufferPool(0)));
    const logRecords = words.map((word) => ({ timeUnixNano: '1', observedTimeUnixNano: '0', body: { doubleValue: Number(word) } }));
    expect(read).toEqual({ resourceLogs: [{ resource: {}, scopeLogs: [{ scope: { name: 'x' }, logRecords }] }] });
  });

  test('records of other programs, too: every kind of value, and texts of every length', () => {
    const values = fc.letrec<{ any: object; list: object }>((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.record({
          stringValue: fc.oneof(
            fc.string({ unit: 'grapheme' }),
            fc.constantFrom(126, 127, 128, 16_383, 16_384, 70_000).map((n) => 'x'.repeat(n)),
          ),
        }),
        fc.record({ boolValue: fc.boolean() }),
        fc.record({ intValue: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String) }),
        fc.record({ doubleValue: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0) }),
        fc.record({ bytesValue: fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')) }),
        fc.record({ arrayValue: fc.record({ values: fc.array(tie('any'), { maxLength: 3 }) }) }),
        fc.record({ kvlistValue: fc.record({ values: tie('list') }) }),
      ),
      list: fc.array(fc.record({ key: fc.string(), value: tie('any') }), { maxLength: 3 }),
    }));
    fc.assert(
      fc.property(fc.array(values.any, { minLength: 1, maxLength: 4 }), (all) => {
        const logRecords = all.map((body) => ({
          timeUnixNano: '1760000000000000001',
          observedTimeUnixNano: '0',
          traceId: 'ab'.repeat(16),
          flags: 1,
          body,
        }));
        const entries = logRecords.map(
          (record) => ({ parts: [JSON.stringify(record)], bytes: 0, partition: '', id: '', dataset: 'nmap.port', time: 0, queued: 0 }) as const,
        );
        const read = otlpRequestIn(PROTOBUF.request({ entries, bytes: 0, partition: '{}\n{"name":"x"}' }, new BufferPool(0)));
        expect(read).toEqual({ resourceLogs: [{ resource: {}, scopeLogs: [{ scope: { name: 'x' }, logRecords }] }] });
      }),
    );
  });

  test('some rejected, a warning, and what is no protobuf', async () => {
    const send = async (type: string, bytes: Buffer): Promise<Awaited<ReturnType<Sink['send']>>> => {
      const { sink } = await againstProtobuf((_, response) => void response.writeHead(200, { 'content-type': type }).end(bytes));
      return sink.send(batchOf(entriesOf(sink, EVENTS.slice(0, 2))), NEVER);
    };
    const { rejected } = await send('application/x-protobuf', partial(1, 'too old'));
    expect(rejected.map(({ reason }) => reason)).toEqual(Array(2).fill('rejected 1 of the 2 records of this request, without saying which: too old'));
    expect(await send('application/x-protobuf', partial(0, 'soon'))).toMatchObject({ delivered: 2, rejected: [] });
    await expect(send('text/plain', Buffer.from('hello'))).rejects.toMatchObject({ kind: 'temporary' });
    await expect(send('application/x-protobuf', Buffer.from([0x0a, 0x7f, 0x01]))).rejects.toMatchObject({ kind: 'temporary' });
  });

  test('a Status, wrong types and broken bytes in a 200 acknowledge nothing', async () => {
    const varintField = (number: number, value: number): number[] => [number << 3, value];
    const bad = [
      [...varintField(1, 3), 0x12, 3, 0x62, 0x61, 0x64], // google.rpc.Status: code and message
      [0x12, 3, 0x62, 0x61, 0x64],
      [0x0a, 2, 0x0a, 0],
      [0x0a, 2, 0x10, 1],
      [0x0a, 11, 0x08, ...Array(9).fill(0xff), 0x01],
      [0x5b, 0x5d],
      // Texts that happen to be protobuf, of fields that nobody knows.
      [...Buffer.from('error')],
      [...Buffer.from('a failure')],
      [0x1a, 1, 0x61],
      [0x0a],
      Array(12).fill(0xff),
    ];
    for (const bytes of bad) {
      const { sink } = await againstProtobuf(
        (_, response) => void response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(Buffer.from(bytes)),
      );
      await expect(sink.send(batchOf(entriesOf(sink, EVENTS.slice(0, 2))), NEVER), JSON.stringify(bytes)).rejects.toMatchObject({
        kind: 'temporary',
      });
    }
    // What a later version adds is none of our business.
    const { sink } = await againstProtobuf(
      (_, response) => void response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(Buffer.from([0x0a, 0, 0x1a, 1, 0x61])),
    );
    expect(await sink.send(batchOf(entriesOf(sink, EVENTS.slice(0, 2))), NEVER)).toMatchObject({ delivered: 2 });
  });

  describe('check proves which encoding the receiver takes', () => {
    const only =
      (type: string, status: number, text: string): Script =>
      (seen, response) =>
        void (seen.headers['content-type'] === type ? response.writeHead(200).end() : response.writeHead(status).end(text));

    test('VictoriaLogs refuses JSON, others protobuf', async () => {
      const protobufOnly = await against(
        only('application/x-protobuf', 400, "json encoding isn't supported for opentelemetry format. Use protobuf encoding"),
      );
      expect(await protobufOnly.sink.check(NEVER)).toMatchObject([
        {
          level: 'error',
          message: expect.stringContaining('takes OTLP in protobuf, and not in json (400'),
          hint: expect.stringContaining('encoding: protobuf'),
        },
      ]);
      const jsonOnly = await againstProtobuf(only('application/json', 415, ''));
      expect(await jsonOnly.sink.check(NEVER)).toMatchObject([
        { level: 'error', message: expect.stringContaining('takes OTLP in json, and not in protobuf (415') },
      ]);
      // It is the form, not a record: nothing becomes a dead letter.
      await expect(protobufOnly.sink.send(batchOf(entriesOf(protobufOnly.sink, EVENTS)), NEVER)).rejects.toMatchObject({
        kind: 'permanent',
        message: expect.stringContaining('does not accept this encoding'),
      });
    });

    test('a server that refuses empty requests proves nothing', async () => {
      const { sink } = await against((_, response) => answer(response, 400, { message: 'what is this?' }));
      expect(await sink.check(NEVER)).toMatchObject([{ level: 'warning', message: expect.stringContaining('only a real event shows') }]);
    });
  });

  test('check sends no record, but some bytes: Fluent Bit refuses a request without any', async () => {
    const { sink, seen } = await againstProtobuf(acceptedProtobuf);
    await sink.check(NEVER);
    expect(seen.map(({ body }) => otlpRequestIn(Buffer.from(body)))).toEqual([{ resourceLogs: [{}] }]);
  });

  describe('through a pipeline', () => {
    faultContract({
      open: (url) => inProtobuf(sinkOptions('otlp', { target: url.href, timeoutMs: 300 })),
      ids: idsInBytes,
      accept: (seen, response) => acceptedProtobuf(seen, response, 0),
    });
  });
});
