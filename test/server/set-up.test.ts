import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
const HOSTS = 3;

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
  beforeAll(async () => void ({ server, env } = await start()), 10 * 60_000);
  afterAll(() => server?.stop());

  const setup = (...args: readonly string[]): ReturnType<typeof portlog> => portlog(['setup', type, '--url', server.url, ...args], { env });
  /** As the command that is proposed has it. */
  const way = (): string => `${server.url}${env['PORTLOG_CA_FILE'] === undefined ? '' : ` --ca-file ${env['PORTLOG_CA_FILE']}`}`;
  /** Each namespace is a customer of its own, with a state of its own. */
  const states = new Map<string, string>();
  const stateOf = (namespace: string): string => states.get(namespace) ?? states.set(namespace, freshDir()).get(namespace)!;
  const at = (namespace: string): readonly string[] => ['--state-dir', stateOf(namespace), '--namespace', namespace, '--to', `${type}=${server.url}`];
  const ship = (namespace: string, more: Environment = {}, ...args: readonly string[]): ReturnType<typeof portlog> =>
    portlog([...at(namespace), ...args], { env: { ...env, ...more }, input: EXAMPLE });
  const replay = (namespace: string): ReturnType<typeof portlog> => portlog(['replay', ...at(namespace)], { env });
  const check = async (namespace: string, more: Environment = {}): Promise<string> =>
    (await portlog(['check', ...at(namespace)], { env: { ...env, ...more } })).stdout;
  const count = async (index: string): Promise<number> => {
    await server.ask('POST', `/${index}/_refresh`);
    return (await server.ask('GET', `/${index}/_count`)).body.count ?? 0;
  };
  const ALL_WELL = /^(?:error|warning) +(?!state directory|Nmap version|.*on disk)/m;
  const OLD = { '@timestamp': '2026-01-01T00:00:00Z', 'host': { ip: ['192.0.2.1'] }, 'event': { ingested: '2026-01-02T00:00:00Z' } };
  const keys = new Map<string, Environment>();
  /** Of what only one of the two builds has: keys, and a list of its data streams. */
  const onlyOf = (wanted: typeof type): ((name: string, run: () => Promise<void>) => void) => (wanted === type ? test : () => undefined);

  test('before set-up, under a stock template, piped, with a second sink: nothing is sent here, everything there', async () => {
    // What an earlier portlog would have left: an index where a data stream belongs, documents with types by guess.
    expect((await server.ask('PUT', '/logs-nmap.host-stray/_doc/a', OLD)).status).toBe(201);
    await server.ask('PUT', '/_index_template/stock', {
      index_patterns: ['logs-*-*'],
      priority: 100,
      data_stream: {},
      template: { mappings: { dynamic_templates: [{ texts: { match_mapping_type: 'string', mapping: { type: 'keyword' } } }] } },
    });
    expect((await server.ask('POST', '/logs-nmap.host-old/_doc/a?op_type=create', OLD)).status).toBe(201);
    expect((await server.ask('PUT', '/nmap-inventory-old/_doc/h?version=7&version_type=external', OLD)).status).toBe(201);
    expect((await server.ask('PUT', '/nmap-inventory-unfit/_doc/h?version=7&version_type=external', { server: { port: 'ssh' } })).status).toBe(201);
    const file = join(freshDir(), 'events.ndjson');
    const { code, stderr } = await ship('new', {}, '--to', `file=${file}`);
    expect(code).toBe(5);
    expect(stderr).toContain(`${server.url} has no index template "logs-nmap" and no "nmap-inventory" of portlog`);
    expect(stderr).toContain(`→ run: portlog setup ${type} --url ${way()}\n`);
    expect(stderr).toMatch(new RegExp(`${type} .*: read 15 = delivered 0 \\+ already 0 \\+ dead 0 \\+ spooled 15`));
    expect(stderr).toMatch(/file .*: read 15 = delivered 15 \+ already 0 \+ dead 0\n/);
    expect((await server.ask('GET', '/_resolve/index/logs-nmap.*-new')).body.data_streams).toEqual([]);
  });

  onlyOf('elasticsearch')('keys that may not look: before set-up, nothing is sent with any of them', async () => {
    const key = async (cluster: readonly string[], more: readonly string[]): Promise<Environment> => {
      const indices = [
        { names: ['logs-nmap.*-*'], privileges: ['create_doc', 'auto_configure', ...more] },
        { names: ['nmap-inventory-*'], privileges: ['index', 'auto_configure', ...more] },
      ];
      const { body } = await server.ask('POST', '/_security/api_key', { name: 'k', role_descriptors: { r: { cluster, indices } } });
      return { PORTLOG_ELASTICSEARCH_API_KEY: body.encoded, PORTLOG_ELASTICSEARCH_USER: '', PORTLOG_ELASTICSEARCH_PASSWORD: '' };
    };
    keys.set('bare', await key([], [])).set('monitor', await key(['monitor'], []));
    for (const one of ['bare', 'monitor']) expect((await ship(one, keys.get(one))).code, one).toBe(5);
    expect((await server.ask('GET', '/_resolve/index/logs-nmap.*-bare,logs-nmap.*-monitor')).body.data_streams).toEqual([]);
  });

  test('set-up installs, names what has wrong types already, and what waited goes', async () => {
    const said = await setup();
    expect(said.code).toBe(1);
    for (const one of [
      'logs-nmap.host-old (',
      'nmap-inventory-old (',
      'nmap-inventory-unfit (',
      'logs-nmap.host-stray (an index, where a data stream belongs)',
    ])
      expect(said.stderr).toContain(`has wrong types, and keeps them: ${one}`);
    const { code, stderr } = await replay('new');
    expect([code, stderr]).toEqual([0, expect.stringMatching(/delivered \d+ \+ already 0 \+ dead 0/)]);
    const [index] = Object.values<any>((await server.ask('GET', '/logs-nmap.host-new/_mapping')).body);
    expect(index.mappings.properties.host.properties.ip.type).toBe('ip');
    expect(await check('new')).not.toMatch(ALL_WELL);
  });

  onlyOf('elasticsearch')('keys that may not look: after set-up, what is seen decides, and what is not seen is said', async () => {
    const hidden = await ship('bare', keys.get('bare'));
    expect([hidden.code, hidden.stderr]).toEqual([5, expect.stringContaining('may not see the index templates')]);
    expect(await check('bare', keys.get('bare'))).toContain('or trustSetUp: true at this sink in the configuration');
    expect((await ship('monitor', keys.get('monitor'))).code).toBe(0);
    expect(await check('monitor', keys.get('monitor'))).toMatch(
      /warning these credentials may not see the types of fields .*\n +→ give them .*"view_index_metadata"/,
    );
    const { stdout } = await setup('--api-key');
    const made = { PORTLOG_ELASTICSEARCH_API_KEY: stdout.trim(), PORTLOG_ELASTICSEARCH_USER: '', PORTLOG_ELASTICSEARCH_PASSWORD: '' };
    const seen = await check('new', made);
    expect(seen).not.toMatch(ALL_WELL);
    expect(seen).toContain('ok      these credentials may write events and the inventory');
  });

  onlyOf('elasticsearch')(
    'a key for some of the data streams: those get what is theirs, scan after scan; the rest waits, and goes when it may',
    async () => {
      const indices = [
        { names: ['logs-nmap.port-*', 'logs-nmap.scan-*'], privileges: ['create_doc', 'auto_configure'] },
        { names: ['logs-nmap.*', 'nmap-inventory-*'], privileges: ['view_index_metadata'] },
      ];
      const { body } = await server.ask('POST', '/_security/api_key', { name: 'some', role_descriptors: { r: { cluster: ['monitor'], indices } } });
      const some = { PORTLOG_ELASTICSEARCH_API_KEY: body.encoded, PORTLOG_ELASTICSEARCH_USER: '', PORTLOG_ELASTICSEARCH_PASSWORD: '' };
      const later = EXAMPLE.toString().replace(/ start="\d+"/, ' start="1761000000"');
      for (const [nr, input] of [EXAMPLE.toString(), later].entries()) {
        const { code, stderr } = await portlog([...at('some'), '--retry-for-seconds', '5'], { env: { ...env, ...some }, input });
        expect([code, stderr]).toEqual([5, expect.stringMatching(/read \d+ = delivered [1-9]\d* \+ already 0 \+ dead 0 \+ spooled [1-9]\d*\n/)]);
        expect(stderr).toContain('portlog setup elasticsearch --api-key makes a key with the privileges that are needed');
        expect([await count('logs-nmap.scan-some'), await count('logs-nmap.host-some')]).toEqual([nr + 1, 0]);
      }
      const { code, stderr } = await replay('some');
      expect([code, stderr]).toEqual([0, expect.stringMatching(/read (\d+) = delivered \1 \+ already 0 \+ dead 0\n/)]);
      expect(await count('logs-nmap.host-some')).toBe(2 * HOSTS);
    },
  );

  test('wrong field types stop shipping until --repair has fixed them; the inventory keeps its records and their versions', async () => {
    expect(await check('old')).toMatch(
      new RegExp(
        `error .*logs-nmap\\.host-old \\(.*; nmap-inventory-old \\(.*nothing is sent\n +→ run: portlog setup ${type} --url ${way()} --repair`,
      ),
    );
    const held = await ship('old');
    expect([held.code, held.stderr]).toEqual([5, expect.stringContaining('spooled 15')]);
    expect((await setup('--namespace', 'old', '--repair', '--dry-run', '--verbose')).stdout).toContain('POST /logs-nmap.host-old/_rollover');
    const mended = await setup('--namespace', 'old', '--repair');
    expect([mended.code, mended.stderr]).toEqual([0, expect.stringMatching(/mended nmap-inventory-old .*: copied to nmap-inventory-old-2, /)]);
    expect(await check('old')).not.toMatch(ALL_WELL);
    const { code, stderr } = await replay('old');
    expect([code, stderr]).toEqual([0, expect.stringContaining('dead 0')]);
    expect(await count('logs-nmap.host-old')).toBe(1 + HOSTS);
    await server.ask('POST', '/nmap-inventory-old/_refresh');
    const { body } = await server.ask('POST', '/nmap-inventory-old/_search', { query: { term: { 'host.ip': '192.0.2.0/24' } }, version: true });
    expect(body.hits.hits.map(({ _id, _version }: any) => [_id, _version])).toEqual([['h', 7]]);
  });

  test('a document that does not fit is named, and the inventory stays as it was', async () => {
    const failed = await setup('--namespace', 'unfit', '--repair');
    expect([failed.code, failed.stderr]).toEqual([2, expect.stringMatching(/documents of nmap-inventory-unfit could not be copied: .*server\.port/)]);
    expect(await count('nmap-inventory-unfit')).toBe(1);
    await server.ask('DELETE', '/nmap-inventory-unfit/_doc/h?version=8&version_type=external');
    expect((await setup('--namespace', 'unfit', '--repair')).code).toBe(0);
  });

  test('an index where a data stream belongs gives way to one, and its documents stay as they came', async () => {
    expect((await ship('stray')).code).toBe(5);
    const mended = await setup('--namespace', 'stray', '--repair');
    expect([mended.code, mended.stderr]).toEqual([0, expect.stringContaining('copied to the data stream logs-nmap.host-stray-before, and removed')]);
    expect((await replay('stray')).code).toBe(0);
    await server.ask('POST', '/logs-nmap.*/_refresh');
    const { body } = await server.ask('POST', '/logs-nmap.host-stray*/_search', { query: { term: { 'host.ip': '192.0.2.0/24' } } });
    expect(body.hits.hits.map(({ _source }: any) => _source.event.ingested)).toEqual(['2026-01-02T00:00:00Z']);
    expect(await count('logs-nmap.host-stray')).toBe(HOSTS);
  });

  test('fields that came with a newer portlog are added to what is there', async () => {
    // As an older one had made it.
    const { body } = await server.ask('GET', '/_component_template/logs-nmap@mappings');
    const { template } = body.component_templates[0].component_template;
    delete template.mappings.properties.rule;
    await server.ask('PUT', '/_component_template/logs-nmap@mappings', { template, _meta: { managed_by: 'portlog' } });
    await server.ask('POST', '/logs-nmap.finding-new/_rollover');
    expect(await check('new')).toMatch(
      new RegExp(`warning made by an older portlog, .*: logs-nmap.finding-new \\(rule\\..*\n +→ run: portlog setup ${type} --url ${way()}\n`),
    );
    const { code, stderr } = await setup();
    expect([code, stderr]).toEqual([0, expect.stringMatching(/updated logs-nmap\.finding-new, with \d+ new fields/)]);
    expect((await setup()).stderr).not.toMatch(/updated|created/);
  });

  test('--remove with events there: what they need stays, is named with its reason, and the end is 1', async () => {
    const events = await count('logs-nmap.*');
    const first = await setup('--remove');
    expect(first.code).toBe(1);
    expect(first.stderr).toContain('removed index template nmap-inventory\n');
    expect(first.stderr).toMatch(/stays: index template logs-nmap, which logs-nmap\.change-\w+, .* and \d+ more need\n/);
    expect(first.stderr).toMatch(/stays: ingest pipeline logs-nmap@pipeline, which .* need\n/);
    expect(first.stderr).toContain(
      'events stay, and what they need; once their data streams and indices are deleted, --remove takes the rest away\n',
    );
    expect(await count('logs-nmap.*')).toBe(events);
    expect((await server.ask('POST', '/logs-nmap.port-new/_doc?op_type=create', { '@timestamp': '2026-01-01T00:00:00Z' })).status).toBe(201);
  });

  // The Elasticsearch of the tests cannot delete data streams.
  onlyOf('opensearch')('and once they are deleted, the rest goes', async () => {
    const { body } = await server.ask('GET', '/_resolve/index/logs-nmap.*');
    for (const { name } of body.data_streams) await server.ask('DELETE', `/_data_stream/${name}`);
    const second = await setup('--remove');
    expect([second.code, second.stderr]).toEqual([
      1,
      expect.stringMatching(/stays: ingest pipeline logs-nmap@pipeline, which nmap-inventory-.* need\n/),
    ]);
    for (const name of ['new', 'old-2', 'unfit-2', 'stray']) await server.ask('DELETE', `/nmap-inventory-${name}`);
    expect((await setup('--remove')).code).toBe(0);
    expect((await setup('--remove')).stderr).toContain('nothing of portlog is installed there');
  });
});
