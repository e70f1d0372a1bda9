import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDir, portlog, ROOT } from '../support/run-portlog.ts';
import { type OpenSearchServer, startSecureOpenSearch } from './opensearch.ts';

/* OpenSearch 3.4 with its security plugin: TLS, users, and the role that the how-to shows. */

const PASSWORD = 'Scan-the-net-4-real';
const SHIPPER = `Basic ${Buffer.from(`shipper:${PASSWORD}`).toString('base64')}`;

let server: OpenSearchServer & { readonly caFile: string };
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  server = await startSecureOpenSearch();
  const { caFile: PORTLOG_CA_FILE } = server;
  env = { PORTLOG_CA_FILE, PORTLOG_OPENSEARCH_USER: 'shipper', PORTLOG_OPENSEARCH_PASSWORD: PASSWORD };
  const admin = { PORTLOG_CA_FILE, PORTLOG_OPENSEARCH_USER: 'admin', PORTLOG_OPENSEARCH_PASSWORD: 'admin' };
  const setup = await portlog(['setup', 'opensearch', '--url', server.url], { env: admin });
  expect([setup.code, setup.stderr]).toEqual([0, expect.stringContaining('created index template logs-nmap')]);
  const page = readFileSync(join(ROOT, 'docs/how-to/opensearch.md'), 'utf8');
  const [, role = ''] = /```json\n(\{\n {2}"cluster_permissions"[^`]*)```/.exec(page) ?? [];
  for (const [path, body] of [
    ['roles/portlog', JSON.parse(role)],
    ['internalusers/shipper', { password: PASSWORD }],
    ['rolesmapping/portlog', { users: ['shipper'] }],
  ] as const)
    expect((await server.ask('PUT', `/_plugins/_security/api/${path}`, body)).status, path).toBe(201);
}, 3 * 60_000);
afterAll(() => server?.stop());

test('the role of the how-to lets a user check and ship, inventory included', async () => {
  const to = `opensearch=${server.url}`;
  const check = await portlog(['check', '--to', to, '--state-dir', freshDir()], { env });
  expect([check.code, check.stdout]).toEqual([0, expect.stringContaining('index templates "logs-nmap" and "nmap-inventory" are in force')]);
  expect(check.stdout).not.toMatch(/^(?:warning|error) +(?!state directory|Nmap version)/m);
  const first = await portlog(['--state-dir', freshDir(), '--to', to, join(ROOT, 'examples/loopback.xml')], { env });
  expect([first.code, first.stderr]).toEqual([0, expect.stringContaining('read 15 = delivered 15 + already 0 + dead 0')]);
  await server.ask('POST', '/logs-nmap.*,nmap-inventory-*/_refresh');
  expect((await server.ask('GET', '/logs-nmap.port-default/_count')).body.count).toBe(5);
  expect((await server.ask('GET', '/nmap-inventory-default/_count')).body.count).toBeGreaterThan(0);
});

test('and nothing else', async () => {
  for (const [method, path, body] of [
    ['GET', '/logs-nmap.port-default/_search', undefined],
    ['DELETE', '/logs-nmap.port-default', undefined],
    ['PUT', '/_index_template/logs-nmap', { index_patterns: ['x'] }],
    ['POST', '/other/_doc', { a: 1 }],
    ['GET', '/_cat/indices', undefined],
  ] as const)
    expect((await server.ask(method, path, body, SHIPPER)).status, `${method} ${path}`).toBe(403);
});

test('a wrong password, and an authority that is not known, are sentences', async () => {
  const to = ['--to', `opensearch=${server.url}`, '--state-dir', freshDir()];
  const wrong = await portlog(['check', ...to], { env: { ...env, PORTLOG_OPENSEARCH_PASSWORD: 'wrong' } });
  expect(wrong.stdout).toContain('does not accept the credentials (401');
  const { PORTLOG_CA_FILE: _, ...without } = env;
  expect((await portlog(['check', ...to], { env: without })).stdout).toContain('name the authority with --ca-file');
});
