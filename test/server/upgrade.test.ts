import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { freshDir, portlog, ROOT } from '../support/run-portlog.ts';
import { PASSWORD, startElasticsearch } from './elasticsearch.ts';
import { startOpenSearch } from './opensearch.ts';

/*
 * An index as the first release left it, on a real Elasticsearch and a real OpenSearch: its templates, and what it sent of two scans (`test/fixtures/first-release`,
 * recorded with that release). Then: set-up of this release, the same scans again and a new one, and the questions that dashboards ask.
 */

const SCAN = join(ROOT, 'examples/loopback.xml');
const text = (name: string): string => gunzipSync(readFileSync(join(ROOT, 'test/fixtures/first-release', name))).toString();

/** A server as the first release was set up for it. */
interface Store {
  readonly type: 'elasticsearch' | 'opensearch';
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  ask(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: any }>;
  stop(): Promise<void>;
}

const STARTS: Readonly<Record<Store['type'], () => Promise<Store>>> = {
  async elasticsearch() {
    const server = await startElasticsearch();
    const env = { PORTLOG_ELASTICSEARCH_USER: 'admin', PORTLOG_ELASTICSEARCH_PASSWORD: PASSWORD, PORTLOG_CA_FILE: server.caFile };
    return { ...server, type: 'elasticsearch', env };
  },
  async opensearch() {
    return { ...(await startOpenSearch()), type: 'opensearch', env: {} };
  },
};

async function search(server: Store, index: string, query: object): Promise<{ readonly total: number; readonly sources: readonly any[] }> {
  await server.ask('POST', `/${index}/_refresh`);
  const { status, body } = await server.ask('POST', `/${index}/_search`, { size: 100, track_total_hits: true, query });
  expect([status, body.error]).toEqual([200, undefined]);
  return { total: body.hits.total.value, sources: body.hits.hits.map(({ _source }: any) => _source) };
}

const TEMPLATES = [
  ['pipeline', '/_ingest/pipeline/logs-nmap@pipeline'],
  ['component-mappings', '/_component_template/logs-nmap@mappings'],
  ['component-settings', '/_component_template/logs-nmap@settings'],
  ['custom', '/_component_template/logs-nmap@custom'],
  ['inventory-custom', '/_component_template/nmap-inventory@custom'],
  ['index-template', '/_index_template/logs-nmap'],
  ['inventory-template', '/_index_template/nmap-inventory'],
] as const;

async function asTheFirstRelease(server: Store): Promise<void> {
  const templates = JSON.parse(text(`${server.type}-templates.json.gz`)) as Readonly<Record<string, object>>;
  for (const [name, path] of TEMPLATES.filter(([one]) => one in templates))
    expect([name, (await server.ask('PUT', path, templates[name])).status]).toEqual([name, 200]);
  const lines = text('bulk.ndjson.gz').trim().split('\n');
  for (let at = 0; at < lines.length; at += 2) {
    const [[operation, target]] = Object.entries(JSON.parse(lines[at] as string)) as [[string, any]];
    const version = target.version === undefined ? '' : `version=${target.version}&version_type=${target.version_type}`;
    const kind = operation === 'create' ? 'op_type=create' : version;
    const { status, body } = await server.ask('PUT', `/${target._index}/_doc/${target._id}?${kind}`, JSON.parse(lines[at + 1] as string));
    expect([200, 201, 409], JSON.stringify(body)).toContain(status);
  }
}

/** Later, and one service more. */
function laterScan(): string {
  return readFileSync(SCAN, 'utf8')
    .replaceAll(/17953949\d\d|1795394868/g, (time) => String(Number(time) + 3 * 86_400))
    .replace('portid="9200"><state state="closed"', 'portid="9200"><state state="open"');
}

test.each(['elasticsearch', 'opensearch'] as const)(
  'an index of the first release in %s is brought up to date, loses nothing, and answers the questions of this one',
  async (type) => {
    const server = await STARTS[type]();
    onTestFinished(() => server.stop());
    const to = ['--to', `${type}=${server.url}`];
    const run = (args: readonly string[], input?: string): ReturnType<typeof portlog> =>
      portlog(args, { env: server.env, ...(input === undefined ? {} : { input }) });
    await asTheFirstRelease(server);
    const old = await search(server, 'logs-nmap.*-default', { match_all: {} });
    const known = await search(server, 'nmap-inventory-default', { match_all: {} });
    expect([old.total, known.total > 0]).toEqual([34, true]);

    // Before set-up nothing of this release is sent, and a sentence says what to do.
    const state = ['--state-dir', freshDir()];
    const checked = await run(['check', ...state, ...to]);
    expect(checked.stdout).toContain(`portlog setup ${type} --url ${server.url}`);

    const setup = await run(['setup', type, '--url', server.url]);
    expect([setup.code, setup.stderr]).toEqual([0, expect.not.stringMatching(/mistake|refused/)]);
    expect(setup.stdout + setup.stderr).toMatch(/with \d+ new fields/);
    const again = await run(['setup', type, '--url', server.url]);
    expect(again.stdout + again.stderr).not.toMatch(/did not know|update/);

    const same = await run([...state, ...to, SCAN]);
    expect([same.code, same.stderr]).toEqual([0, expect.stringContaining('+ dead 0')]);
    const later = await run([...state, ...to], laterScan());
    expect([later.code, later.stderr]).toEqual([0, expect.stringContaining('+ dead 0')]);

    // What was there is there, and no field has two types.
    const now = await search(server, 'logs-nmap.*-default', { match_all: {} });
    expect(now.total).toBeGreaterThan(old.total);
    const { fields } = (await server.ask('GET', '/logs-nmap.*-default,nmap-inventory-default/_field_caps?fields=*')).body;
    const torn = Object.entries(fields as Record<string, Record<string, unknown>>).filter(
      ([, types]) => Object.keys(types).filter((type) => type !== 'unmapped').length > 1,
    );
    expect(torn.map(([name]) => name)).toEqual([]);

    // Fields of today, asked of documents of both.
    const scans = await search(server, 'logs-nmap.scan-default', { term: { 'event.action': 'scan-finished' } });
    expect(scans.total).toBe(3);
    const opened = await search(server, 'logs-nmap.change-default', {
      bool: { filter: [{ term: { 'event.action': 'port-opened' } }, { term: { 'server.port': 9200 } }] },
    });
    expect(opened.sources.map(({ message }) => message)).toEqual([expect.stringContaining('9200/tcp opened')]);
    // OpenSearch's pipelines have no `copy_from` that keeps numbers.
    if (type === 'elasticsearch')
      expect((await search(server, 'logs-nmap.*-default', { exists: { field: 'destination.ip' } })).total).toBeGreaterThan(0);
    expect((await search(server, 'logs-nmap.finding-default', { exists: { field: 'rule.category' } })).total).toBeGreaterThan(0);
    // What is open now, with the state of its host, which the first release did not keep.
    const open = await search(server, 'nmap-inventory-default', {
      bool: {
        filter: [
          { term: { 'nmap.inventory.kind': 'port' } },
          { term: { 'nmap.inventory.state': 'open' } },
          { term: { 'nmap.inventory.host_state': 'up' } },
        ],
      },
    });
    expect(open.sources.map(({ server: { ip, port } }) => `${ip} ${port}`)).toContain('127.0.0.1 9200');
  },
  10 * 60_000,
);
