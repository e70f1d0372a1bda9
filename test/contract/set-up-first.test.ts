import { afterEach, describe, expect, test } from 'vitest';
import { elasticsearchSink } from '../../src/sink/elasticsearch/elasticsearch.ts';
import { opensearchSink } from '../../src/sink/opensearch/opensearch.ts';
import type { OptionsOf } from '../../src/sink/kinds.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { FakeStore, mappingOfFields } from '../support/fake-store.ts';
import { fastDir } from '../support/run-portlog.ts';
import { runPipeline } from '../support/delivery.ts';
import { eventsOf, fixture } from '../support/scans.ts';
import { batchOf, entriesOf, NEVER } from '../support/sink-contract.ts';
import { sinkOptions } from '../support/sink-options.ts';

/* Nothing is sent to a server before it has been seen to be set up: what arrives before keeps the types that are guessed. */

const EVENTS = eventsOf(fixture('everything.xml'), { all: true });
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

describe.each([
  ['elasticsearch', elasticsearchSink],
  ['opensearch', opensearchSink],
] as const)('%s', (type, make) => {
  const create = make as typeof elasticsearchSink;
  async function opened(more: Partial<OptionsOf<'elasticsearch'>> = {}): Promise<{ readonly store: FakeStore; readonly sink: Sink }> {
    const store = new FakeStore(type);
    const sink = create(sinkOptions(type as 'elasticsearch', { target: await store.start(), ...more }));
    stops.push(async () => {
      await sink.close();
      await store.stop();
    });
    return { store, sink };
  }
  const errors = async (sink: Sink): Promise<readonly (readonly [string, string | undefined])[]> =>
    (await sink.check(NEVER)).filter(({ level }) => level === 'error').map(({ message, hint }) => [message, hint]);
  const worst = async (sink: Sink): Promise<unknown> => {
    const levels = (await sink.check(NEVER)).map(({ level }) => level);
    return levels.find((level) => level === 'error') ?? levels.find((level) => level === 'warning') ?? 'ok';
  };

  test('without templates nothing is sent, and everything waits; set up meanwhile, the next attempt sends it', async () => {
    const { store, sink } = await opened();
    const stateDir = fastDir();
    const first = await runPipeline(sink, EVENTS, { stateDir });
    expect(first.account.tally).toMatchObject({ read: EVENTS.length, delivered: 0, spooled: EVENTS.length, dead: 0 });
    expect(first.failure).toMatchObject({ kind: 'permanent', hint: `run: portlog setup ${type} --url ${store.origin}` });
    expect(store.bulks).toBe(0);
    store.setUp();
    const second = await runPipeline(sink, [], { stateDir });
    expect(second.account.replayed).toMatchObject({ read: EVENTS.length, delivered: EVENTS.length });
  });

  test('one sentence says so', async () => {
    const { store, sink } = await opened();
    expect(await errors(sink)).toEqual([
      [
        `${store.origin} has no index template "logs-nmap" and no "nmap-inventory" of portlog, so fields would be mapped by guess; nothing is sent until it has`,
        `run: portlog setup ${type} --url ${store.origin}`,
      ],
    ]);
  });

  test('each of the two templates is needed', async () => {
    const { store, sink } = await opened();
    store.setUp();
    store.templates.delete('nmap-inventory');
    expect((await errors(sink))[0]?.[0]).toContain('has no index template "nmap-inventory" of portlog');
    await expect(sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER)).rejects.toThrow('no index template "nmap-inventory"');
  });

  test('a template of somebody else that comes before ours is named', async () => {
    const { store, sink } = await opened();
    store.setUp();
    store.templates.set('company-logs', { index_patterns: ['logs-*-*'], priority: 500, composed_of: [] });
    expect(await errors(sink)).toEqual([
      [
        `${store.origin} uses its index template "company-logs" (priority 500) for logs-nmap.port-default, not portlog's`,
        'give "company-logs" a lower priority or other patterns, or the component template logs-nmap@mappings',
      ],
    ]);
    store.templates.set('company-logs', { index_patterns: ['logs-*-*'], priority: 500, composed_of: ['logs-nmap@mappings'] });
    expect(await worst(sink)).toBe('ok');
  });

  test('existing indices with other types stop everything, and are named', async () => {
    const { store, sink } = await opened();
    store.setUp();
    store.stream('logs-nmap.host-default', mappingOfFields({ 'host.ip': 'keyword' }));
    store.index('nmap-inventory-default', { properties: { '@timestamp': { type: 'date' }, 'message': { type: 'text' } } });
    store.stream('logs-nmap.host-other', mappingOfFields({ 'host.ip': 'keyword' }));
    const [[message, hint] = []] = await errors(sink);
    expect(message).toMatch(/: logs-nmap\.host-default \(host\.ip as keyword\); nmap-inventory-default \(tags not at all, .*, and \d+ more\); until/);
    expect(hint).toBe(`run: portlog setup ${type} --url ${store.origin} --repair`);
    await expect(sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER)).rejects.toMatchObject({ kind: 'permanent' });
    expect(store.bulks).toBe(0);
  });

  test('the index that is written to counts, not those before it', async () => {
    const { store, sink } = await opened();
    store.setUp();
    store.stream('logs-nmap.host-default', mappingOfFields({ 'host.ip': 'keyword' }), mappingOfFields());
    expect(await worst(sink)).toBe('ok');
  });

  test('an index in the place of a data stream is named', async () => {
    const { store, sink } = await opened();
    store.setUp();
    store.index('logs-nmap.host-default', mappingOfFields());
    expect((await errors(sink))[0]?.[0]).toContain('logs-nmap.host-default (an index, where a data stream belongs)');
  });

  test("types that answer the same questions, and the user's own choice, are right", async () => {
    const { store, sink } = await opened();
    store.setUp();
    store.stream('logs-nmap.host-default', mappingOfFields({ 'message': 'match_only_text', 'data_stream.type': 'constant_keyword' }));
    expect(await worst(sink)).toBe('ok');
    store.stream('logs-nmap.host-default', mappingOfFields({ message: 'long' }));
    expect(await worst(sink)).toBe('error');
    store.components.set('logs-nmap@custom', { template: { mappings: { properties: { message: { type: 'long' } } } } });
    expect(await worst(sink)).toBe('ok');
  });

  test('what an older portlog has made only lacks fields: a warning, and nothing is stopped', async () => {
    const { store, sink } = await opened();
    store.setUp();
    store.stream('logs-nmap.host-default', mappingOfFields({ 'rule.id': undefined }));
    expect(await worst(sink)).toBe('warning');
    expect((await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER)).delivered).toBe(EVENTS.length);
  });

  test('credentials that may not see templates: nothing is sent, unless trustSetUp is set', async () => {
    const { store, sink } = await opened();
    store.setUp();
    store.forbidden = /^\/_index_template/;
    const [[message, hint] = []] = await errors(sink);
    expect(message).toContain('may not see the index templates');
    expect(hint).toContain('trustSetUp: true');
    await expect(sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER)).rejects.toMatchObject({ kind: 'permanent' });
    const trusting = create(sinkOptions(type as 'elasticsearch', { target: store.origin, trustSetUp: true }));
    expect(await worst(trusting)).toBe('warning');
    expect((await trusting.send(batchOf(entriesOf(trusting, EVENTS)), NEVER)).delivered).toBe(EVENTS.length);
    await trusting.close();
  });

  test('credentials that may not see field types: a warning, and the types are assumed to be right', async () => {
    const { store, sink } = await opened();
    store.setUp();
    store.forbidden = /^\/(?:_resolve|[^?]*\/_mapping)/;
    store.index('nmap-inventory-default', mappingOfFields({ message: 'long' }));
    expect((await sink.check(NEVER)).find(({ level }) => level === 'warning')?.message).toContain('may not see the types of fields');
    expect((await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER)).delivered).toBe(EVENTS.length);
  });

  test('it is checked once while all is well', async () => {
    const { store, sink } = await opened();
    store.setUp();
    for (let i = 0; i < 3; i++) await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
    expect([store.bulks, store.looks]).toEqual([3, 3]);
  });
});
