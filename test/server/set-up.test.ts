import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshDir, portlog, ROOT } from '../support/run-portlog.ts';
import { PASSWORD, startElasticsearch } from './elasticsearch.ts';
import { startOpenSearch } from './opensearch.ts';

/* Set-up on real servers that are not empty: what nobody set up before, what has got wrong types, and what cannot be removed. */

interface Store {
  readonly url: string;
  ask(method: string, path: string, body?: unknown, authorization?: string): Promise<{ status: number; body: any }>;
  stop(): Promise<void>;
}
type Environment = Readonly<Record<string, string>>;

const EXAMPLE = readFileSync(join(ROOT, 'examples/loopback.xml'));
const DATASETS = ['scan', 'host', 'port', 'finding', 'change', 'health'];

describe.each([
  [
    'elasticsearch',
    async (): Promise<{ readonly server: Store; readonly env: Environment }> => {
      const server = await startElasticsearch();
      return {
        server,
        env: { PORTLOG_ELASTICSEARCH_USER: 'admin', PORTLOG_ELASTICSEARCH_PASSWORD: PASSWORD, PORTLOG_CA_FILE: server.caFile },
      };
    },
  ],
  ['opensearch', async (): Promise<{ readonly server: Store; readonly env: Environment }> => ({ server: await startOpenSearch(), env: {} })],
] as const)('%s', (type, start) => {
  let server: Store;
  let env: Environment;
  let state: string;
  beforeAll(async () => void ({ server, env } = await start()), 3 * 60_000);
  afterAll(() => server?.stop());
  beforeEach(async () => {
    state = freshDir();
    await setup('--remove');
    for (const dataset of DATASETS) {
      await server.ask('DELETE', `/_data_stream/logs-nmap.${dataset}-default`);
      await server.ask('DELETE', `/_data_stream/logs-nmap.${dataset}-default-before`);
      await server.ask('DELETE', `/logs-nmap.${dataset}-default`);
    }
    await server.ask('DELETE', '/nmap-inventory-default');
    await server.ask('DELETE', '/nmap-inventory-default-2');
    await setup('--remove');
    await server.ask('DELETE', '/_index_template/stock');
  });

  const setup = (...args: readonly string[]): ReturnType<typeof portlog> => portlog(['setup', type, '--url', server.url, ...args], { env });
  const ship = (more: Environment = {}, ...args: readonly string[]): ReturnType<typeof portlog> =>
    portlog(['--state-dir', state, '--to', `${type}=${server.url}`, ...args], { env: { ...env, ...more }, input: EXAMPLE });
  const check = async (more: Environment = {}): Promise<string> =>
    (await portlog(['check', '--to', `${type}=${server.url}`, '--state-dir', state], { env: { ...env, ...more } })).stdout;
  const count = async (index: string): Promise<number> => {
    await server.ask('POST', `/${index}/_refresh`);
    return (await server.ask('GET', `/${index}/_count`)).body.count ?? 0;
  };
  /** As a distribution brings it along: data streams for all logs, types by guess. */
  const stock = (): Promise<unknown> =>
    server.ask('PUT', '/_index_template/stock', {
      index_patterns: ['logs-*-*'],
      priority: 100,
      data_stream: {},
      template: { mappings: { dynamic_templates: [{ texts: { match_mapping_type: 'string', mapping: { type: 'keyword' } } }] } },
    });
  /** What an earlier portlog would have sent to a server that nobody had set up. */
  const sentBefore = async (): Promise<void> => {
    const document = { '@timestamp': '2026-01-01T00:00:00Z', 'host': { ip: ['192.0.2.1'] }, 'server': { port: 22 }, 'nmap': { site: 'old' } };
    expect((await server.ask('POST', '/logs-nmap.host-default/_doc/a?op_type=create', document)).status).toBe(201);
    const version = '?version=7&version_type=external';
    expect((await server.ask('PUT', `/nmap-inventory-default/_doc/h${version}`, document)).status).toBe(201);
  };

  test('piped, under a stock template, with a second sink: nothing is sent here, everything there', async () => {
    await stock();
    const file = join(freshDir(), 'events.ndjson');
    const { code, stderr } = await ship({}, '--to', `file=${file}`);
    expect(code).toBe(5);
    expect(stderr).toContain(`portlog: ${server.url} has no index template "logs-nmap" and no "nmap-inventory" of portlog`);
    expect(stderr).toContain(`→ run: portlog setup ${type}\n`);
    expect(stderr).toMatch(new RegExp(`${type} .*: read 15 = delivered 0 \\+ already 0 \\+ dead 0 \\+ spooled 15`));
    expect(stderr).toMatch(/file .*: read 15 = delivered 15 \+ already 0 \+ dead 0\n/);
    expect((await server.ask('GET', '/_resolve/index/logs-*')).body.data_streams).toEqual([]);
    await setup();
    const replay = await portlog(['replay', '--state-dir', state, '--to', `${type}=${server.url}`], { env });
    expect([replay.code, replay.stderr]).toEqual([0, expect.stringMatching(/delivered \d+ \+ already 0 \+ dead 0/)]);
    const { body } = await server.ask('GET', '/logs-nmap.host-default/_mapping');
    const [index] = Object.values<any>(body);
    expect(index.mappings.properties.host.properties.ip.type).toBe('ip');
  });

  test('what came before set-up has wrong types: shipping waits, setup says so, --repair mends it', async () => {
    await stock();
    await sentBefore();
    const said = await setup();
    expect([said.code, said.stderr]).toEqual([1, expect.stringContaining('has wrong types, and keeps them: logs-nmap.host-default (')]);
    expect(said.stderr).toContain('has wrong types, and keeps them: nmap-inventory-default (');
    expect(await check()).toMatch(
      new RegExp(`error .*logs-nmap\\.host-default \\(.*; nmap-inventory-default \\(.*nothing is sent\n +→ run: portlog setup ${type} --repair`),
    );
    const held = await ship();
    expect([held.code, held.stderr]).toEqual([5, expect.stringContaining('spooled 15')]);
    expect((await setup('--repair', '--dry-run')).stdout).toContain('POST /logs-nmap.host-default/_rollover');
    const mended = await setup('--repair');
    expect([mended.code, mended.stderr]).toEqual([
      0,
      expect.stringMatching(/mended nmap-inventory-default .*: copied to nmap-inventory-default-2, /),
    ]);
    expect(await check()).not.toMatch(/^(?:error|warning) +(?!state directory|.*on disk)/m);
    const replay = await portlog(['replay', '--state-dir', state, '--to', `${type}=${server.url}`], { env });
    expect([replay.code, replay.stderr]).toEqual([0, expect.stringContaining('dead 0')]);
    expect(await count('logs-nmap.host-default')).toBe(1 + 1);
    const query = { query: { term: { 'host.ip': '192.0.2.0/24' } }, version: true };
    await server.ask('POST', '/nmap-inventory-default/_refresh');
    const { body } = await server.ask('POST', '/nmap-inventory-default/_search', query);
    expect(body.hits.hits.map(({ _id, _version }: any) => [_id, _version])).toEqual([['h', 7]]);
    expect((await setup()).code).toBe(0);
  });

  test('an index where a data stream belongs gives way to one, and its documents stay', async () => {
    const document = { '@timestamp': '2026-01-01T00:00:00Z', 'host': { ip: ['192.0.2.1'] }, 'event': { ingested: '2026-01-02T00:00:00Z' } };
    expect((await server.ask('PUT', '/logs-nmap.host-default/_doc/a', document)).status).toBe(201);
    expect((await setup()).stderr).toContain('logs-nmap.host-default (an index, where a data stream belongs)');
    expect((await ship()).code).toBe(5);
    const mended = await setup('--repair');
    expect([mended.code, mended.stderr]).toEqual([
      0,
      expect.stringContaining('copied to the data stream logs-nmap.host-default-before, and removed'),
    ]);
    await portlog(['replay', '--state-dir', state, '--to', `${type}=${server.url}`], { env });
    await server.ask('POST', '/logs-nmap.*/_refresh');
    const { body } = await server.ask('POST', '/logs-nmap.host-*/_search', { query: { term: { 'host.ip': '192.0.2.0/24' } } });
    expect(body.hits.hits.map(({ _source }: any) => _source.event.ingested)).toEqual(['2026-01-02T00:00:00Z']);
    expect(await count('logs-nmap.host-default')).toBe(1);
  });

  test('a document that does not fit is named, and the inventory stays as it was', async () => {
    await setup();
    await server.ask('DELETE', '/_index_template/nmap-inventory');
    await server.ask('PUT', '/nmap-inventory-default/_doc/h?version=7&version_type=external', { server: { port: 'ssh' } });
    const failed = await setup('--repair');
    expect([failed.code, failed.stderr]).toEqual([
      2,
      expect.stringMatching(/documents of nmap-inventory-default could not be copied: .*server\.port/),
    ]);
    expect(await count('nmap-inventory-default')).toBe(1);
    await server.ask('DELETE', '/nmap-inventory-default/_doc/h');
    expect((await setup('--repair')).code).toBe(0);
  });

  test('fields that came with a newer portlog are added to what is there', async () => {
    await setup();
    expect((await ship()).code).toBe(0);
    // As an older one had made it.
    const { body } = await server.ask('GET', '/_component_template/logs-nmap@mappings');
    const { template } = body.component_templates[0].component_template;
    delete template.mappings.properties.rule;
    await server.ask('PUT', '/_component_template/logs-nmap@mappings', { template, _meta: { managed_by: 'portlog' } });
    await server.ask('POST', '/logs-nmap.finding-default/_rollover');
    expect(await check()).toMatch(
      new RegExp(`warning made by an older portlog, .*: logs-nmap.finding-default \\(rule\\..*\n +→ run: portlog setup ${type}\n`),
    );
    const { code, stderr } = await setup();
    expect([code, stderr]).toEqual([0, expect.stringMatching(/updated logs-nmap\.finding-default, with \d+ fields that it did not know/)]);
    expect((await setup()).stderr).not.toMatch(/updated|created/);
  });

  test('--remove with events there: what they need stays, is named with its reason, and the end is 1', async () => {
    await setup();
    expect((await ship()).code).toBe(0);
    const events = await count('logs-nmap.*');
    const first = await setup('--remove');
    expect(first.code).toBe(1);
    expect(first.stderr).toContain('removed index template nmap-inventory\n');
    expect(first.stderr).toContain('stays: index template logs-nmap, which logs-nmap.change-default, logs-nmap.finding-default, ');
    expect(first.stderr).toContain('stays: ingest pipeline logs-nmap@pipeline, which ');
    expect(first.stderr).toContain(
      'portlog: events stay, and what they need; once their data streams and indices are deleted, --remove takes the rest away\n',
    );
    expect(await count('logs-nmap.*')).toBe(events);
    expect((await server.ask('POST', '/logs-nmap.port-default/_doc?op_type=create', { '@timestamp': '2026-01-01T00:00:00Z' })).status).toBe(201);
    for (const dataset of DATASETS) await server.ask('DELETE', `/_data_stream/logs-nmap.${dataset}-default`);
    const second = await setup('--remove');
    expect([second.code, second.stderr]).toEqual([
      1,
      expect.stringContaining('stays: ingest pipeline logs-nmap@pipeline, which nmap-inventory-default need'),
    ]);
    await server.ask('DELETE', '/nmap-inventory-default');
    expect((await setup('--remove')).code).toBe(0);
    expect((await setup('--remove')).stderr).toContain('nothing of portlog is installed there');
  });

  test.runIf(type === 'elasticsearch')('keys that may not look: what is seen decides, and what is not seen is said', async () => {
    const key = async (cluster: readonly string[], more: readonly string[]): Promise<Environment> => {
      const indices = [
        { names: ['logs-nmap.*-*'], privileges: ['create_doc', 'auto_configure', ...more] },
        { names: ['nmap-inventory-*'], privileges: ['index', 'auto_configure', ...more] },
      ];
      const { body } = await server.ask('POST', '/_security/api_key', { name: 'k', role_descriptors: { r: { cluster, indices } } });
      return { PORTLOG_ELASTICSEARCH_API_KEY: body.encoded, PORTLOG_ELASTICSEARCH_USER: '', PORTLOG_ELASTICSEARCH_PASSWORD: '' };
    };
    await stock();
    const [bare, monitor, full] = [await key([], []), await key(['monitor'], []), await key(['monitor'], ['view_index_metadata'])];
    for (const one of [bare, monitor, full]) expect((await ship(one)).code).toBe(5);
    expect((await server.ask('GET', '/_resolve/index/logs-*')).body.data_streams).toEqual([]);
    await setup();
    const hidden = await ship(bare);
    expect([hidden.code, hidden.stderr]).toEqual([5, expect.stringContaining('may not see the index templates')]);
    expect(await check(bare)).toContain('or trustSetUp: true at this sink in the configuration');
    expect((await ship(monitor)).code).toBe(0);
    expect(await check(monitor)).toMatch(/warning these credentials may not see the types of fields .*\n +→ give them .*"view_index_metadata"/);
    expect(await check(full)).toContain('ok      these credentials may write events and the inventory');
    const { stdout } = await setup('--api-key');
    const made = { PORTLOG_ELASTICSEARCH_API_KEY: stdout.trim(), PORTLOG_ELASTICSEARCH_USER: '', PORTLOG_ELASTICSEARCH_PASSWORD: '' };
    expect(await check(made)).not.toMatch(/^(?:error|warning) +(?!state directory|.*on disk)/m);
  });
});
