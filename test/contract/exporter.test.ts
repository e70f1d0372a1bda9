import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { JsonLogsSerializer } from '@opentelemetry/otlp-transformer';
import { InMemoryLogRecordExporter, LoggerProvider, type ReadableLogRecord, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { describe, expect, test } from 'vitest';
import { openStore } from '../../src/state/open-store.ts';
import { sinkExporter } from '../../src/exporter/exporter.ts';
import { openSink } from '../../src/config/open-sink.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { scriptedSink } from '../support/delivery.ts';
import { fastDir, freshDir, ROOT } from '../support/run-portlog.ts';
import { answer, scriptedServer, type Seen } from '../support/scripted-server.ts';
import { SinkError } from '../../src/sink/sink.ts';

/** What records say that begins with a word: in protobuf, a text stands behind its tag and its length. */
function textsOf({ body }: Seen, word: string): readonly string[] {
  return [...body.matchAll(new RegExp(`\\n([\\x01-\\x7f])${word}`, 'g'))].map(({ index, 1: length = '' }) =>
    body.slice(index + 2, index + 2 + length.charCodeAt(0)),
  );
}

/** Records of a program, as its SDK makes them. */
function someRecords(count: number): ReadableLogRecord[] {
  const memory = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter: memory })] });
  const logger = provider.getLogger('shop', '2.1.0');
  for (let i = 0; i < count; i++)
    logger.emit({
      severityNumber: 17,
      severityText: 'ERROR',
      body: { order: i, paid: false },
      eventName: 'order.failed',
      attributes: { 'order.id': i, 'tags': ['a', 'b'] },
    });
  return memory.getFinishedLogRecords();
}

function exported(
  exporter: ReturnType<typeof sinkExporter>,
  records: ReadableLogRecord[],
): Promise<{ readonly code: number; readonly error?: Error }> {
  return new Promise((resolve) => exporter.export(records, resolve));
}

test('10,000 records in a burst are 10,000 at the receiver: the example', async () => {
  const server = await scriptedServer((_, response) => answer(response, 200, { partialSuccess: {} }));
  await promisify(execFile)(process.execPath, [join(ROOT, 'examples/own-logs.ts'), server.url.origin, freshDir()], { cwd: ROOT });
  const numbers = server.seen.flatMap((seen) => textsOf(seen, 'burst ')).map((text) => Number(text.slice('burst '.length)));
  expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
  await server.stop();
}, 60_000);

test('the receiver of OTLP gets what the SDK itself would have sent', async () => {
  const server = await scriptedServer((_, response) => answer(response, 200, {}));
  const exporter = sinkExporter(await openSink('otlp', server.url.origin, { encoding: 'json' }));
  const records = someRecords(3);
  expect(await exported(exporter, records)).toEqual({ code: 0 });
  const wanted = JSON.parse(Buffer.from(JsonLogsSerializer.serializeRequest(records) ?? '').toString());
  const [{ resource, scopeLogs }] = wanted.resourceLogs;
  const [got] = server.seen.map(({ body }) => JSON.parse(body).resourceLogs[0]);
  expect(got.resource).toEqual(resource);
  expect(got.scopeLogs[0].scope).toEqual(scopeLogs[0].scope);
  expect(got.scopeLogs[0].logRecords).toEqual(scopeLogs[0].logRecords);
  await exporter.shutdown();
  await server.stop();
});

test('whatever a record may say is sent as the SDK would send it', async () => {
  const server = await scriptedServer((_, response) => answer(response, 200, {}));
  const exporter = sinkExporter(await openSink('otlp', server.url.origin, { encoding: 'json' }));
  const [plain] = someRecords(1) as [ReadableLogRecord];
  const odd = {
    hrTime: [1_769_860_800, 1.5],
    hrTimeObserved: plain.hrTimeObserved,
    spanContext: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 },
    body: undefined,
    droppedAttributesCount: 2,
    attributes: { nothing: null, half: 0.5, far: -(2 ** 53), yes: true, bytes: new Uint8Array([0, 255]), deep: { list: [1, 'a', [], {}] } },
    instrumentationScope: { name: 'shop', attributes: { team: 'till' }, droppedAttributesCount: 1 },
    resource: { attributes: { 'service.name': 'shop' }, schemaUrl: 'https://opentelemetry.io/schemas/1.45.0' },
  } as unknown as ReadableLogRecord;
  expect(await exported(exporter, [odd])).toEqual({ code: 0 });
  const wanted = JSON.parse(Buffer.from(JsonLogsSerializer.serializeRequest([odd]) ?? '').toString()).resourceLogs[0];
  const [got] = server.seen.map(({ body }) => JSON.parse(body).resourceLogs[0]);
  expect([got.resource, got.scopeLogs[0].scope, got.scopeLogs[0].logRecords]).toEqual([
    wanted.resource,
    wanted.scopeLogs[0].scope,
    wanted.scopeLogs[0].logRecords,
  ]);
  await exporter.shutdown();
  await server.stop();
});

test('a number that JSON or 64 bits have not costs no other record', async () => {
  const server = await scriptedServer((_, response) => answer(response, 200, {}));
  const exporter = sinkExporter(await openSink('otlp', server.url.origin, { encoding: 'json' }));
  const [plain] = someRecords(1) as [ReadableLogRecord];
  const { hrTime, hrTimeObserved, resource, instrumentationScope } = plain;
  const attributes = { none: Number.NaN, far: -Infinity, large: 1e300, whole: 2 ** 60 };
  const odd = { hrTime, hrTimeObserved, resource, instrumentationScope, body: 'odd', attributes, droppedAttributesCount: 0 };
  expect(await exported(exporter, [odd as unknown as ReadableLogRecord])).toEqual({ code: 0 });
  expect(JSON.parse(server.seen[0]?.body ?? '').resourceLogs[0].scopeLogs[0].logRecords[0].attributes).toEqual([
    { key: 'none', value: { doubleValue: 'NaN' } },
    { key: 'far', value: { doubleValue: '-Infinity' } },
    { key: 'large', value: { doubleValue: 1e300 } },
    { key: 'whole', value: { intValue: 2 ** 60 } },
  ]);
  await exporter.shutdown();
  await server.stop();
});

test('any other sink gets a document', async () => {
  const file = join(freshDir(), 'own.ndjson');
  const exporter = sinkExporter(await openSink('file', file));
  await exported(exporter, someRecords(2));
  await exporter.shutdown();
  const [first, second] = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(first).toMatchObject({
    '@timestamp': expect.stringMatching(/^\d{4}-/),
    'message': '{"order":0,"paid":false}',
    'log': { level: 'ERROR', logger: 'shop' },
    'event': { action: 'order.failed', dataset: 'generic', severity: 73 },
    'data_stream': { type: 'logs', dataset: 'generic', namespace: 'default' },
    'attributes': { 'order.id': 0, 'tags': ['a', 'b'] },
  });
  expect(first.event.id).not.toBe(second.event.id);
});

test('a sink that is down: without a store the export fails, with one it waits on disk and goes later', async () => {
  const down: Sink = scriptedSink(() => new SinkError('temporary', 'nobody there'));
  const without = sinkExporter(down, { retryForMs: 0 });
  expect(await exported(without, someRecords(2))).toMatchObject({
    code: 1,
    error: { message: expect.stringContaining('2 of these records were not delivered: nobody there') },
  });
  await without.shutdown();

  const stateDir = fastDir();
  const first = sinkExporter(down, { retryForMs: 0, store: openStore(stateDir, 'a test') });
  expect(await exported(first, someRecords(7))).toEqual({ code: 0 });
  await first.shutdown();
  let delivered = 0;
  const up = scriptedSink(({ entries }) => {
    delivered += entries.length;
    return { delivered: entries.length, already: 0, retry: [], rejected: [] };
  });
  const second = sinkExporter(up, { store: openStore(stateDir, 'a test') });
  await second.shutdown();
  expect(delivered).toBe(7);
});

test('events that the sink rejects permanently are reported', async () => {
  const picky = scriptedSink(({ entries }) => ({
    delivered: entries.length - 1,
    already: 0,
    retry: [],
    rejected: [{ entry: entries[0]!, reason: 'too old' }],
  }));
  const exporter = sinkExporter(picky);
  expect(await exported(exporter, someRecords(1))).toMatchObject({ code: 1, error: { message: expect.stringContaining('too old') } });
  await exporter.shutdown();
});

/** JSON of that many levels, as a program logs the body of a request. */
const nested = (levels: number): object => JSON.parse(`${'{"o":'.repeat(levels)}1${'}'.repeat(levels)}`) as object;
const cyclic: Record<string, unknown> = { name: 'me' };
cyclic['me'] = [cyclic, cyclic];
let many: object = { x: 1 };
for (let i = 0; i < 40; i++) many = { a: many, b: many };
const withGetter = {
  get broken(): never {
    throw new Error('the getter fails');
  },
};

describe('an odd record loses none of its batch', () => {
  const receive = async (
    odd: object,
    type: 'file' | 'otlp',
  ): Promise<{ readonly code: number; readonly got: readonly string[]; readonly error?: Error }> => {
    const got: string[] = [];
    const server = await scriptedServer(({ body }, response) => {
      got.push(
        ...(JSON.parse(body).resourceLogs as any[]).flatMap(({ scopeLogs }) =>
          scopeLogs.flatMap((scope: any) => scope.logRecords.map((one: any) => JSON.stringify(one))),
        ),
      );
      answer(response, 200, {});
    });
    const file = join(freshDir(), 'own.ndjson');
    const exporter = sinkExporter(type === 'file' ? await openSink('file', file) : await openSink('otlp', server.url.origin, { encoding: 'json' }));
    const records = someRecords(20);
    records.splice(10, 0, Object.create(records[0]!, Object.getOwnPropertyDescriptors(odd)) as ReadableLogRecord);
    const { code, error } = await exported(exporter, records);
    await exporter.shutdown();
    await server.stop();
    if (type === 'file') got.push(...readFileSync(file, 'utf8').trim().split('\n'));
    return { code, got, ...(error === undefined ? {} : { error }) };
  };

  describe.each(['file', 'otlp'] as const)('%s', (type) => {
    test.each([
      ['nested 5,000 deep', { attributes: { request: nested(5000) } }, 'nested deeper than 64 levels'],
      ['nested 5,000 deep, as its text', { body: nested(5000) }, 'nested deeper than 64 levels'],
      ['cyclic', { attributes: cyclic }, 'it contains itself'],
      ['one object in very many places', { attributes: many }, 'too many values'],
      ['a large number', { attributes: { n: 10n ** 20n } }, '100000000000000000000'],
      ['an address', { attributes: { at: new URL('http://a.example/') } }, 'http://a.example/'],
      ['of no time', { hrTime: [NaN, 0], eventName: 'timeless' }, 'timeless'],
      ['of no time at all', { hrTime: [Infinity, 0], hrTimeObserved: [NaN, NaN], eventName: 'timeless' }, 'timeless'],
    ])('%s: all are there', async (_, odd, part) => {
      const { code, got } = await receive(odd, type);
      expect([code, got.length, got.filter((one) => one.includes(part)).length]).toEqual([0, 21, 1]);
    });

    test.each([
      ['a getter that fails', { attributes: withGetter }, 'the getter fails'],
      ['no resource', { resource: undefined }, ''],
    ])('%s: the others are there, and it is told', async (_, odd, why) => {
      const { code, got, error } = await receive(odd, type);
      expect([code, got.length, error?.message]).toEqual([1, 20, expect.stringContaining(`: 1 of these records could not be read: ${why}`)]);
    });
  });
});

test('after its shutdown it takes nothing; shut down twice, it stays so', async () => {
  const exporter = sinkExporter(scriptedSink(({ entries }) => ({ delivered: entries.length, already: 0, retry: [], rejected: [] })));
  await Promise.all([exporter.shutdown(), exporter.shutdown()]);
  expect(await exported(exporter, someRecords(1))).toMatchObject({ code: 1 });
  await exporter.forceFlush();
});
