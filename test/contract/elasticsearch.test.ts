import { describe, expect, test } from 'vitest';
import { elasticsearchSink } from '../../src/sink/elasticsearch/elasticsearch.ts';
import { clockAt, runPipeline } from '../support/delivery.ts';
import { elasticsearchAgainst, elasticsearchOptions } from '../support/elasticsearch-against.ts';
import { faultContract } from '../support/fault-contract.ts';
import { eventsOf, fixture } from '../support/scans.ts';
import { answer, bulkFates, bulkIds, healthy, type Script, setUpRight } from '../support/scripted-server.ts';
import { batchOf, entriesOf, NEVER, sinkContract } from '../support/sink-contract.ts';

const EVENTS = eventsOf(fixture('everything.xml'), { all: true });
const allCreated: Script = ({ body }, response) =>
  answer(
    response,
    200,
    bulkFates(body, () => ({ status: 201 })),
  );

describe('the contract', () => sinkContract(async () => (await elasticsearchAgainst(allCreated)).sink));

test('creates each event under its id in the data stream of its dataset', async () => {
  const { sink, seen } = await elasticsearchAgainst(allCreated, { namespace: 'prod', credentials: { kind: 'api-key', secret: () => 'id:key' } });
  await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
  expect(seen[0]?.path).toMatch(/^\/_bulk\?.*require_data_stream=true/);
  expect(seen[0]?.headers).toMatchObject({
    'content-encoding': 'gzip',
    'content-type': 'application/x-ndjson',
    'authorization': `ApiKey ${Buffer.from('id:key').toString('base64')}`,
  });
  const [action = '', document = ''] = seen[0]?.body.split('\n') ?? [];
  expect(JSON.parse(action)).toEqual({ create: { _index: 'logs-nmap.host-prod', _id: EVENTS[0]?.id } });
  expect(JSON.parse(document)).toMatchObject({ event: { id: EVENTS[0]?.id } });
});

test('reads the fate of each document from its own item', async () => {
  const fates = [
    { status: 201 },
    { status: 409, error: { type: 'version_conflict_engine_exception', reason: 'there' } },
    { status: 429, error: { type: 'es_rejected_execution_exception', reason: 'queue' } },
    { status: 503 },
    { status: 400, error: { type: 'document_parsing_exception', reason: 'failed to parse field [server.port]' } },
    { status: 201, failure_store: 'used' },
    { status: 404, error: { type: 'something_not_found_exception', reason: 'no such thing' } },
    { status: 403, error: { type: 'security_exception', reason: 'action [indices:admin/auto_create] is unauthorized' } },
  ];
  const { sink } = await elasticsearchAgainst(({ body }, response) =>
    answer(
      response,
      200,
      bulkFates(body, (_, i) => fates[i]!),
    ),
  );
  const entries = entriesOf(sink, EVENTS.slice(0, fates.length));
  expect(await sink.send(batchOf(entries), NEVER)).toEqual({
    delivered: 1,
    already: 1,
    retry: [entries[2], entries[3], entries[7]],
    rejected: [
      { entry: entries[4], reason: 'document_parsing_exception: failed to parse field [server.port]', status: 400 },
      { entry: entries[5], reason: 'the document did not fit the mapping and went to the failure store', status: 201 },
      { entry: entries[6], reason: 'something_not_found_exception: no such thing', status: 404 },
    ],
    refusal: { reason: 'es_rejected_execution_exception: queue', status: 429 },
  });
});

test.each([
  [403, 'security_exception', 'action [indices:data/write/bulk[s]] is unauthorized', /--api-key makes a key/],
  [403, 'cluster_block_exception', 'index [logs-nmap.host-default] blocked by: [FORBIDDEN/8/index write (api)]', /once that is fixed/],
  [404, 'index_not_found_exception', 'no such index and no matching index template', /portlog check --to elasticsearch=/],
])('a %i of %s of each document is about the sender: they wait, and none becomes a dead letter', async (status, type, reason, hint) => {
  const { sink } = await elasticsearchAgainst(({ body }, response) =>
    answer(
      response,
      200,
      bulkFates(body, () => ({ status, error: { type, reason } })),
    ),
  );
  const entries = entriesOf(sink, EVENTS);
  const { blocked, retry, rejected } = await sink.send(batchOf(entries), NEVER);
  expect([retry.length, rejected.length]).toEqual([entries.length, 0]);
  expect(blocked).toMatchObject({ name: 'SinkError', kind: 'permanent', hint: expect.stringMatching(hint) });
  expect(blocked?.message).toContain(`${status}: ${type}: ${reason}`);
});

describe('answers about the whole request', () => {
  const cases: readonly (readonly [what: string, script: Script, kind: string, message: RegExp])[] = [
    ['401', (_, r) => answer(r, 401, {}), 'permanent', /does not accept the credentials/],
    ['403', (_, r) => answer(r, 403, {}), 'permanent', /does not allow this/],
    ['301', (_, r) => answer(r, 301, {}, { location: 'https://other:9200/' }), 'permanent', /answers with a redirect/],
    ['404', (_, r) => answer(r, 404, 'nope'), 'permanent', /it is not Elasticsearch/],
    ['503', (_, r) => answer(r, 503, {}), 'temporary', /busy or broken/],
    [
      'fewer items than documents',
      ({ body }, r) =>
        answer(
          r,
          200,
          bulkFates(body.split('\n').slice(0, 2).join('\n'), () => ({ status: 201 })),
        ),
      'temporary',
      /has 1 of 12 documents/,
    ],
    ...(
      [
        ['items for another operation', (body) => body.replaceAll('"create"', '"update"')],
        ['items for other ids', (body) => body.replace(/"_id":"./, '"_id":"x')],
        ['items out of step', (body) => JSON.stringify({ errors: false, items: (JSON.parse(body) as { items: unknown[] }).items.toReversed() })],
        ['a status that is no status', (body) => body.replace('201', '201.5')],
        ['a status in text', (body) => body.replace('201', '"201"')],
        ['an error that is none', (body) => body.replace('201', '400,"error":7')],
        ['errors that nobody mentions', (body) => body.replace('201', '400')],
        ['no word about errors', (body) => body.replace('"errors":false,', '')],
        ['items that are none', (body) => body.replace(/"items":.*/, '"items":{}}')],
      ] as const satisfies readonly (readonly [string, (body: string) => string])[]
    ).map(([what, lie]): (typeof cases)[number] => [
      what,
      ({ body }, r) => answer(r, 200, lie(JSON.stringify(bulkFates(body, () => ({ status: 201 }))))),
      'temporary',
      /^_bulk: /,
    ]),
    ['200 with HTML', (_, r) => answer(r, 200, '<html>proxy</html>'), 'temporary', /is not what Elasticsearch writes/],
    ['connection cut before the answer', (_, r) => r.destroy(), 'temporary', /the connection was cut/],
    [
      'answer cut in the middle',
      (_, r) => {
        r.writeHead(200, { 'content-length': '100' });
        r.write('{"it');
        setTimeout(() => r.destroy(), 20);
      },
      'temporary',
      /cannot be reached/,
    ],
    ['no answer', () => undefined, 'temporary', /did not answer/],
    [
      'something that is not HTTP',
      (_, r) => {
        r.socket?.end('SSH-2.0-OpenSSH\r\n');
      },
      'temporary',
      /not HTTP|was cut|cannot be reached/,
    ],
  ];
  test.for(cases)('%s', async ([what, script, kind, message]) => {
    const { sink } = await elasticsearchAgainst(script, what === 'no answer' ? { timeoutMs: 300 } : {});
    const sent = sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
    await expect(sent).rejects.toMatchObject({ name: 'SinkError', kind });
    await expect(sent).rejects.toThrow(message);
  });

  test('429 passes on how long to wait', async () => {
    const { sink } = await elasticsearchAgainst((_, response) => answer(response, 429, {}, { 'retry-after': '7' }));
    await expect(sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER)).rejects.toMatchObject({ kind: 'temporary', retryAfterMs: 7000 });
  });

  test('a Retry-After that is a date is counted from the clock that the sink is given', async () => {
    const until = new Date(clockAt().now() + 90_000).toUTCString();
    const { sink } = await elasticsearchAgainst((_, response) => answer(response, 429, {}, { 'retry-after': until }), { clock: clockAt() });
    await expect(sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER)).rejects.toMatchObject({ kind: 'temporary', retryAfterMs: 90_000 });
  });

  test('413 asks for halves', async () => {
    const { sink } = await elasticsearchAgainst((_, response) => answer(response, 413, {}));
    expect(await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER)).toMatchObject({ split: true });
  });
});

describe('check', () => {
  const cases: readonly (readonly [what: string, script: Script, found: RegExp])[] = [
    [
      'another product',
      (_, r) => {
        r.setHeader('content-type', 'text/html');
        r.writeHead(200).end('<html>');
      },
      /is not Elasticsearch/,
    ],
    ['a server without anything at /', (_, r) => answer(r, 404, 'nothing here'), /is not Elasticsearch/],
    [
      'OpenSearch',
      ({ path }, r) => answer(r, 200, path === '/' ? { version: { number: '3.8.0', distribution: 'opensearch' } } : {}),
      /is OpenSearch 3\.8\.0/,
    ],
    ['an old version', ({ path }, r) => answer(r, 200, path === '/' ? { version: { number: '7.17.0' } } : {}), /needs 8\.13 or newer/],
  ];
  test.for(cases)('%s', async ([, script, message]) => {
    const { sink } = await elasticsearchAgainst(script);
    const found = await sink.check(NEVER);
    expect(
      found
        .filter(({ level }) => level === 'error')
        .map((diagnosis) => diagnosis.message)
        .join(),
    ).toMatch(message);
  });

  test('a healthy server gets no warning', async () => {
    const { sink } = await elasticsearchAgainst((seen, response) => void healthy(seen, response));
    expect((await sink.check(NEVER)).map(({ level }) => level)).toEqual(['ok', 'ok', 'ok']);
  });
});

describe('through a pipeline', () => {
  faultContract({
    open: (url) => elasticsearchSink(elasticsearchOptions({ target: url.href, timeoutMs: 300 })),
    aside: setUpRight,
    ids: ({ body }) => bulkIds(body),
    accept: (seen, response, stored) =>
      answer(
        response,
        200,
        bulkFates(seen.body, (id) => (stored.has(id) ? { status: 409, error: { type: 'version_conflict' } } : { status: 201 })),
      ),
  });

  test('a server that splits, throttles and rejects still gets every event its fate', async () => {
    const stored = new Set<string>();
    const { sink } = await elasticsearchAgainst(({ body }, response, index) => {
      const ids = bulkIds(body);
      if (index === 0) return answer(response, 503, {});
      if (ids.length > 3) return answer(response, 413, {});
      answer(
        response,
        200,
        bulkFates(body, (id, i) => {
          if (id === EVENTS[2]?.id) return { status: 400, error: { type: 'poison', reason: 'bad' } };
          if (i === 1 && index % 2 === 0) return { status: 429 };
          stored.add(id);
          return { status: 201 };
        }),
      );
    });
    const pipeline = await runPipeline(sink, EVENTS);
    expect(pipeline.account.tally).toMatchObject({ read: EVENTS.length, delivered: EVENTS.length - 1, already: 0, dead: 1, spooled: 0 });
    expect(stored.size).toBe(EVENTS.length - 1);
    expect(pipeline.firstRejection).toBe('poison: bad');
  });
});
