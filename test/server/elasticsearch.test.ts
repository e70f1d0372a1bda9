import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { corpusFiles, CORPUS } from '../support/corpus.ts';
import { freshDir, portlog, ROOT } from '../support/run-portlog.ts';
import { eventsOf, host, port, scan } from '../support/scans.ts';
import { type ElasticsearchServer, PASSWORD, startElasticsearch } from './elasticsearch.ts';

let server: ElasticsearchServer;
let env: Record<string, string>;
let keyEnv: Record<string, string>;

beforeAll(async () => {
  server = await startElasticsearch();
  env = { PORTLOG_ELASTICSEARCH_USER: 'admin', PORTLOG_ELASTICSEARCH_PASSWORD: PASSWORD, PORTLOG_CA_FILE: server.caFile };
});
afterAll(() => server?.stop());

const to = (): string[] => ['--to', `elasticsearch=${server.url}`];
const ship = (args: string[], input?: string | Uint8Array, more: Record<string, string> = keyEnv): ReturnType<typeof portlog> =>
  portlog([...to(), '--state-dir', freshDir(), ...args], { env: more, ...(input === undefined ? {} : { input }) });

async function search(index: string, query: object): Promise<any> {
  await server.ask('POST', `/${index}/_refresh`);
  const { status, body } = await server.ask('POST', `/${index}/_search`, query);
  expect(status).toBe(200);
  return body;
}

describe('before setup', () => {
  test('the missing template is a sentence with the command that mends it, exit 2', async () => {
    const { stderr, code } = await ship([join(ROOT, 'examples/loopback.xml')], undefined, env);
    expect(stderr).toContain('has no index template "logs-nmap"');
    expect(stderr).toContain('→ run: portlog setup elasticsearch');
    expect(code).toBe(2);
  });

  test('an index template of that name that is not ours is left alone', async () => {
    await server.ask('PUT', '/_index_template/logs-nmap', { index_patterns: ['mine-*'], priority: 1 });
    const { stderr, code } = await portlog(['setup', 'elasticsearch', '--url', server.url], { env });
    expect(stderr).toContain('already has an index template logs-nmap that portlog did not make');
    expect(code).toBe(2);
    expect((await server.ask('GET', '/_component_template/logs-nmap@mappings')).status).toBe(404);
    await server.ask('DELETE', '/_index_template/logs-nmap');
  });

  test('--dry-run prints and changes nothing; --export writes the files', async () => {
    const { stdout, code } = await portlog(['setup', 'elasticsearch', '--url', server.url, '--dry-run', '--verbose'], { env });
    expect(stdout.match(/^PUT \//gm)).toHaveLength(5);
    expect(code).toBe(0);
    expect((await server.ask('GET', '/_index_template/logs-nmap')).status).toBe(404);
    const folder = freshDir();
    await portlog(['setup', 'elasticsearch', '--export', folder]);
    expect(readdirSync(folder).sort()).toEqual(readdirSync(join(ROOT, 'schemas/elasticsearch')).sort());
  });
});

describe('setup', () => {
  test('installs, and the second time changes nothing', async () => {
    const first = await portlog(['setup', 'elasticsearch', '--url', server.url], { env });
    expect([first.code, first.stderr.match(/created /g)?.length]).toEqual([0, 5]);
    const second = await portlog(['setup', 'elasticsearch', '--url', server.url], { env });
    expect([second.code, second.stderr.match(/unchanged: /g)?.length]).toEqual([0, 5]);
  });

  test('--remove takes away what is ours; what is not is left, unless forced', async () => {
    const setup = (...args: readonly string[]): ReturnType<typeof portlog> =>
      portlog(['setup', 'elasticsearch', '--url', server.url, ...args], { env });
    const removed = await setup('--remove');
    expect([removed.code, removed.stderr.match(/removed /g)?.length]).toEqual([0, 5]);
    expect((await setup('--remove')).stderr).toContain('nothing of portlog is installed there');
    await server.ask('PUT', '/_ingest/pipeline/logs-nmap@pipeline', { processors: [] });
    const refused = await setup();
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining('already has an ingest pipeline logs-nmap@pipeline that portlog did not make'),
    ]);
    const forced = await setup('--force');
    expect([forced.code, forced.stderr]).toEqual([0, expect.stringContaining('updated ingest pipeline logs-nmap@pipeline')]);
  });

  test('makes a key that may create events and nothing else', async () => {
    const { stdout, code } = await portlog(['setup', 'elasticsearch', '--url', server.url, '--api-key'], { env });
    expect(code).toBe(0);
    keyEnv = { PORTLOG_ELASTICSEARCH_API_KEY: stdout.trim(), PORTLOG_CA_FILE: server.caFile };
    const key = `ApiKey ${stdout.trim()}`;
    expect((await ship([join(ROOT, 'examples/loopback.xml')])).code).toBe(0);
    expect((await server.ask('POST', '/logs-nmap.port-default/_search', {}, key)).status).toBe(403);
    expect((await server.ask('POST', '/other-index/_doc', {}, key)).status).toBe(403);
    expect((await server.ask('DELETE', '/_index_template/logs-nmap', undefined, key)).status).toBe(403);
  });

  test('the role of the how-to may set up and make that key; who may not write makes none', async () => {
    const page = readFileSync(join(ROOT, 'docs/how-to/elasticsearch.md'), 'utf8');
    const [, shown = ''] = /```json\n(\{\n {2}"cluster"[^`]*)```/.exec(page) ?? [];
    const role = JSON.parse(shown) as { readonly indices: readonly object[] };
    const lesser = { ...role, indices: role.indices.map((one) => ({ ...one, privileges: ['manage'] })) };
    const setUpAs = async (user: string, body: object, ...args: readonly string[]): ReturnType<typeof portlog> => {
      await server.ask('PUT', `/_security/role/${user}`, body);
      await server.ask('PUT', `/_security/user/${user}`, { password: PASSWORD, roles: [user] });
      return portlog(['setup', 'elasticsearch', '--url', server.url, ...args], { env: { ...env, PORTLOG_ELASTICSEARCH_USER: user } });
    };
    const made = await setUpAs('whole', role, '--api-key');
    expect([made.code, made.stderr]).toEqual([0, expect.stringContaining('unchanged: index template logs-nmap\n')]);
    const { stdout } = await portlog(['check', '--to', `elasticsearch=${server.url}`, '--state-dir', freshDir()], {
      env: { PORTLOG_ELASTICSEARCH_API_KEY: made.stdout.trim(), PORTLOG_CA_FILE: server.caFile },
    });
    expect(stdout).toContain('ok      these credentials may write events and the inventory');
    expect((await setUpAs('lesser', lesser)).code).toBe(0);
    const refused = await setUpAs('lesser', lesser, '--api-key');
    expect([refused.code, refused.stdout, refused.stderr]).toEqual([2, '', expect.stringContaining('they lack "create_doc" on logs-nmap.*-*')]);
  });

  test('with a key that may not write any more, what is read waits, and goes when it may', async () => {
    const state = freshDir();
    const scanned = readFileSync(join(ROOT, 'examples/loopback.xml'));
    const to = ['--state-dir', state, '--site', 'barred', '--to', `elasticsearch=${server.url}`];
    const cluster = ['monitor'];
    const indices = [{ names: ['nmap-inventory-*'], privileges: ['index', 'auto_configure', 'view_index_metadata'] }];
    const { body } = await server.ask('POST', '/_security/api_key', { name: 'half', role_descriptors: { r: { cluster, indices } } });
    const barred = await portlog(to, { env: { ...keyEnv, PORTLOG_ELASTICSEARCH_API_KEY: body.encoded }, input: scanned });
    expect([barred.code, barred.stderr]).toEqual([5, expect.stringContaining('read 15 = delivered 0 + already 0 + dead 0 + spooled 15')]);
    const { code, stderr } = await portlog(['replay', ...to.slice(0, 2)], { env: keyEnv });
    expect([code, stderr]).toEqual([0, expect.stringMatching(/read (\d+) = delivered \1 \+ already 0 \+ dead 0\n/)]);
  });
});

describe('shipping', () => {
  test('what nmap printed can be found, and the second time adds nothing', async () => {
    const listeners = await Promise.all([
      listen('127.0.0.1', 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'),
      listen('127.0.0.1', '220 mail.example ESMTP Postfix\r\n'),
    ]);
    const ports = listeners.map(({ port }) => port);
    const run = promisify(execFile);
    const closed = 9;
    const { stdout: xml } = await run('nmap', ['-sV', '-sC', '-p', [...ports, closed].join(','), '-oX', '-', '127.0.0.1'], { maxBuffer: 1 << 26 });
    for (const { server: listener } of listeners) listener.close();
    const first = await ship(['--all', '--site', 'loopback'], xml);
    expect(first.stderr).toContain('read 6 = delivered 6 + already 0 + dead 0');
    const second = await ship(['--all', '--site', 'loopback'], xml);
    expect(second.stderr).toContain('read 6 = delivered 0 + already 6 + dead 0');
    expect([first.code, second.code]).toEqual([0, 0]);

    const site = { term: { 'nmap.site': 'loopback' } };
    const byPort = await search('logs-nmap.port-*', { query: { bool: { filter: [site, { term: { 'server.port': ports[0] } }] } } });
    expect(byPort.hits.hits.map(({ _source }: any) => _source.service.type)).toEqual(['ssh']);
    expect(byPort.hits.hits[0]._source.destination).toEqual({ ip: '127.0.0.1', port: ports[0] });
    const byDestination = await search('logs-nmap.port-*', { query: { bool: { filter: [site, { term: { 'destination.port': ports[0] } }] } } });
    expect(byDestination.hits.total.value).toBe(1);
    const byNetwork = await search('logs-nmap.port-*', { query: { bool: { filter: [site, { term: { 'host.ip': '127.0.0.0/8' } }] } } });
    expect(byNetwork.hits.total.value).toBe(3);
    const services = await search('logs-nmap.port-*', {
      size: 0,
      query: { bool: { filter: [site, { term: { 'nmap.port.state': 'open' } }] } },
      aggs: { types: { terms: { field: 'service.type' } }, days: { date_histogram: { field: '@timestamp', calendar_interval: 'day' } } },
    });
    expect(services.aggregations.types.buckets.map(({ key }: any) => key).sort()).toEqual(['smtp', 'ssh']);
    expect(services.aggregations.days.buckets.reduce((sum: number, { doc_count: count }: any) => sum + count, 0)).toBe(2);
    const scanDocument = await search('logs-nmap.scan-*', { query: site });
    const { _source: stored } = scanDocument.hits.hits[0];
    expect(Date.parse(stored.event.ingested)).toBeGreaterThan(Date.parse(stored['@timestamp']) - 1000);
  });

  test('every field has the type of the catalogue, and nothing else is mapped', async () => {
    const { body } = await server.ask('GET', '/logs-nmap.port-default/_mapping');
    const [index]: any[] = Object.values(body);
    expect(index.mappings.dynamic).toBe('false');
    const { properties } = index.mappings;
    expect(properties.server.properties.port.type).toBe('long');
    expect(properties.host.properties.ip.type).toBe('ip');
    expect(properties.nmap.properties.script.properties.output.type).toBe('flattened');
    expect(properties['@timestamp'].type).toBe('date');
  });

  test('a document that does not fit is kept with the reason of the server', async () => {
    const namespace = 'no_fit';
    const template = { mappings: { properties: { message: { type: 'long' } } } };
    expect((await server.ask('PUT', '/_component_template/logs-nmap@custom', { template })).body).toEqual({ acknowledged: true });
    const state = freshDir();
    const { stderr, code } = await portlog([...to(), '--state-dir', state, '--namespace', namespace], {
      env: keyEnv,
      input: scan(host('192.0.2.1', port(1))),
    });
    await server.ask('PUT', '/_component_template/logs-nmap@custom', { template: {} });
    expect(stderr).toContain('read 4 = delivered 0 + already 0 + dead 4');
    expect(stderr).toContain('failed to parse field [message] of type [long]');
    expect(code).toBe(1);
    const { stdout } = await portlog(['replay', '--list', '--state-dir', state]);
    expect(stdout).toMatch(/dead {5}\d events?: 400 document_parsing_exception: .*failed to parse field \[message\] of type \[long\]/);
    // It would not fit now either, so nothing is tried before the types are mended.
    const replay = (): ReturnType<typeof portlog> => portlog(['replay', '--dead', '--state-dir', state], { env: keyEnv });
    const again = await replay();
    expect(again.stderr).toContain('logs-nmap.host-no_fit (message as long)');
    expect(again.stderr).toContain(`→ run: portlog setup elasticsearch --url ${server.url} --ca-file ${server.caFile} --repair`);
    expect(again.code).not.toBe(0);
    const mended = await portlog(['setup', 'elasticsearch', '--url', server.url, '--namespace', namespace, '--repair'], { env });
    expect([mended.code, mended.stderr]).toEqual([0, expect.stringContaining('logs-nmap.host-no_fit')]);
    expect((await replay()).stderr).toMatch(/from earlier runs: read \d = delivered \d \+ already 0 \+ dead 0/);
  });

  test('hostile strings are stored, not obeyed', async () => {
    const nasty = '&#x1b;[31m&#0;\u0001&quot;\\{{x}}&lt;script&gt;&#x202e;';
    const script = `<script id="${nasty}" output="${nasty.repeat(2000)}"><table key="${nasty}"><elem key="a.b..c">1</elem><elem key="">2</elem>${'<table key="d">'.repeat(60)}<elem>deep</elem>${'</table>'.repeat(60)}</table></script>`;
    const service = `<service name="${nasty}" product="${'x'.repeat(40_000)}" version="${nasty}"/>`;
    const inside = `<hostnames><hostname name="${nasty}" type="PTR"/></hostnames><ports><port protocol="tcp" portid="1"><state state="open"/>${service}${script}</port></ports>`;
    const { stderr, code } = await ship(['--site', 'hostile'], scan(host('192.0.2.66', inside)));
    expect(stderr).toContain('read 4 = delivered 4 + already 0 + dead 0');
    expect(code).toBe(0);
  });

  test('a key for another index, a wrong key, a wrong product, TLS: each its sentence', async () => {
    const example = join(ROOT, 'examples/loopback.xml');
    const { body } = await server.ask('POST', '/_security/api_key', {
      name: 'other',
      role_descriptors: { r: { cluster: ['monitor'], indices: [{ names: ['other-*'], privileges: ['create_doc'] }] } },
    });
    const forbidden = await ship([example], undefined, { ...keyEnv, PORTLOG_ELASTICSEARCH_API_KEY: body.encoded });
    expect(forbidden.stderr).toContain('these credentials lack the index privilege "create_doc" on logs-nmap.port-default');
    expect(forbidden.stderr).toContain('→ portlog setup elasticsearch --api-key makes a key with the privileges that are needed');
    expect(forbidden.code).toBe(2);
    const wrongKey = await ship([example], undefined, { ...keyEnv, PORTLOG_ELASTICSEARCH_API_KEY: 'bm86bm8=' });
    expect([wrongKey.code, wrongKey.stderr]).toEqual([2, expect.stringContaining('does not accept the credentials (401')]);
    const noCa = await ship([example], undefined, { PORTLOG_ELASTICSEARCH_API_KEY: keyEnv['PORTLOG_ELASTICSEARCH_API_KEY'] as string });
    expect([noCa.code, noCa.stderr]).toEqual([2, expect.stringContaining('signed by an authority that this machine does not know')]);
  });

  test('1,000 hosts in batches, twice', async () => {
    const big = scan(
      Array.from({ length: 1000 }, (_, i) => host(`10.1.${i >> 8}.${i & 255}`, Array.from({ length: 10 }, (_x, p) => port(p + 1)).join(''))).join(''),
    );
    // And a baseline.
    const expected = eventsOf(big).length + 1;
    const first = await ship(['--json', '-q', '--site', 'big'], big);
    expect(JSON.parse(first.stderr).sinks[0]).toMatchObject({ read: expected, delivered: expected, already: 0, dead: 0 });
    const second = await ship(['--json', '-q', '--site', 'big'], big);
    expect(JSON.parse(second.stderr).sinks[0]).toMatchObject({ read: expected, delivered: 0, already: expected, dead: 0 });
    const query = { bool: { filter: { term: { 'nmap.site': 'big' } }, must_not: { term: { 'event.dataset': 'nmap.health' } } } };
    const { hits } = await search('logs-nmap.*', { size: 0, track_total_hits: true, query });
    expect(hits.total.value).toBe(expected);
  });

  test.skipIf(CORPUS === undefined)('every event of the corpus fits the mapping (PORTLOG_CORPUS)', async () => {
    const files = corpusFiles().map(([name]) => join(CORPUS as string, name));
    const { stderr } = await ship(['--json', '-q', '--all', '--site', 'corpus', ...files]);
    const summary: { sinks: any[] } = JSON.parse(stderr.split('\n').findLast((line) => line.startsWith('{')) ?? '{}');
    expect(summary.sinks[0]).toMatchObject({ dead: 0 });
    expect(summary.sinks[0].delivered).toBeGreaterThan(900);
  });

  test('nmap at the other end of a real pipe', async () => {
    const script = join(freshDir(), 'pipe.sh');
    writeFileSync(
      script,
      `nmap -sT -p 1 -oX - 127.0.0.1 | "${process.execPath}" bin/portlog.js --all --site pipe --to elasticsearch=${server.url}\n`,
    );
    const { stderr } = await promisify(execFile)('bash', ['-o', 'pipefail', script], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], HOME: freshDir(), ...keyEnv },
    });
    expect(stderr).toContain('read 4 = delivered 4 + already 0 + dead 0');
    expect(readFileSync(script, 'utf8')).toContain('nmap');
  });
});

/** A listener on a port of its own that greets like a service. */
function listen(address: string, banner: string): Promise<{ server: Server; port: number }> {
  return new Promise((resolve) => {
    const listener = createServer((socket) => {
      socket.on('error', () => undefined).on('data', () => undefined);
      socket.write(banner);
      setTimeout(() => socket.end(), 5000).unref();
    }).listen(0, address, () => resolve({ server: listener, port: (listener.address() as { port: number }).port }));
  });
}

test('an event that is too large for any request arrives shortened, and holds nothing up', async () => {
  const [folder, state] = [freshDir(), ['--state-dir', freshDir(), '--site', 'poison', '--retry-for-seconds', '20']];
  const [large, other] = [join(folder, 'large.xml'), join(folder, 'other.xml')];
  const product = `<service name="http" product="${'a'.repeat(15_000_000)}"/>`;
  writeFileSync(large, scan(host('192.0.2.7', port(80, 'open', product)), 'scanner="nmap" args="nmap -v 192.0.2.7" start="1760000000"'));
  writeFileSync(other, scan(host('192.0.2.8', port(80)), 'scanner="nmap" args="nmap -v 192.0.2.8" start="1760000100"'));
  const { code, stderr } = await portlog([...to(), ...state, large, other], { env });
  expect([code, stderr]).toEqual([0, expect.stringMatching(/read (\d+) = delivered \1 \+ already 0 \+ dead 0\n/)]);
  const { hits } = await search('logs-nmap.port-*', { query: { term: { 'nmap.site': 'poison' } }, sort: ['host.ip'] });
  expect(hits.hits.map(({ _source }: any) => [_source.host.ip, _source.nmap.shortened])).toEqual([
    [['192.0.2.7'], true],
    [['192.0.2.8'], undefined],
  ]);
  expect((await portlog(['replay', ...state], { env })).stderr).toContain('nothing waits');
});
