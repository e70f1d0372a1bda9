import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDir, portlog } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';
import { type ElasticsearchServer, PASSWORD, startElasticsearch } from './elasticsearch.ts';
import { type OpenSearchServer, startOpenSearch } from './opensearch.ts';

/* An OpenSearch that is added beside an Elasticsearch later: each has the whole inventory. */

let first: ElasticsearchServer;
let later: OpenSearchServer;
let env: Readonly<Record<string, string>>;
beforeAll(async () => {
  [first, later] = await Promise.all([startElasticsearch(), startOpenSearch()]);
  env = { PORTLOG_ELASTICSEARCH_USER: 'admin', PORTLOG_ELASTICSEARCH_PASSWORD: PASSWORD, PORTLOG_CA_FILE: first.caFile };
  await portlog(['setup', 'elasticsearch', '--url', first.url], { env });
  await portlog(['setup', 'opensearch', '--url', later.url]);
}, 10 * 60_000);
afterAll(async () => {
  await Promise.all([first?.stop(), later?.stop()]);
});

const DAY = 86_400;
const BEGAN = Math.floor(Date.now() / 1000) - 7 * DAY;

/** Of 192.0.2.0/29 on a day, with these ports open by host; who is not named is down. */
function scanOf(day: number, open: Readonly<Record<number, readonly number[]>>, last = 6): string {
  const start = BEGAN + day * DAY;
  const times = `starttime="${start + 1}" endtime="${start + 2}"`;
  const hosts = Array.from({ length: last }, (_, i) => {
    const ports = open[i + 1];
    if (ports === undefined) return host(`192.0.2.${i + 1}`, '', times).replace('state="up"', 'state="down"');
    return host(`192.0.2.${i + 1}`, [22, 80, 443].map((number) => port(number, ports.includes(number) ? 'open' : 'closed')).join(''), times);
  });
  const services = '<verbose level="1"/><scaninfo type="syn" protocol="tcp" numservices="3" services="22,80,443"/>';
  const target = last === 6 ? '192.0.2.0/29' : '192.0.2.1';
  return scan(services + hosts.join(''), `scanner="nmap" version="7.95" args="nmap -v -p 22,80,443 ${target}" start="${start}"`);
}

/** What a dashboard shows as there now. */
async function inventoryOf(server: Pick<OpenSearchServer, 'ask'>): Promise<readonly string[]> {
  await server.ask('POST', '/nmap-inventory-default/_refresh');
  const { body } = await server.ask('POST', '/nmap-inventory-default/_search', { size: 1000, query: { match_all: {} } });
  const records = (body.hits.hits as { readonly _source: any }[]).map(({ _source: { message, nmap } }) => {
    const { kind, state, host_state: hostState, first_seen: firstSeen, since } = nmap.inventory;
    return `${kind} ${message} ${state} ${state === 'open' ? hostState : ''} ${firstSeen} ${since}`;
  });
  return records.toSorted();
}

test('a server that comes later, or was left out, has the same inventory after the next scan', { timeout: 5 * 60_000 }, async () => {
  const state = ['--state-dir', freshDir()];
  const toFirst = ['--to', `elasticsearch=${first.url}`];
  const toLater = ['--to', `opensearch=${later.url}`];
  const run = async (to: readonly string[], input: string): Promise<void> => {
    const { code, stderr } = await portlog([...state, ...to], { env, input });
    expect([code, stderr]).toEqual([0, expect.stringContaining('+ dead 0')]);
  };
  await run(toFirst, scanOf(0, { 1: [22], 2: [22, 80], 3: [443], 5: [] }));
  await run(toFirst, scanOf(1, { 1: [22, 443], 2: [80], 5: [] }));
  // Of one host only: the others are known from before.
  await run([...toFirst, ...toLater], scanOf(2, { 1: [22, 443] }, 1));
  const known = await inventoryOf(first);
  expect(known.length).toBeGreaterThan(8);
  expect(await inventoryOf(later)).toEqual(known);
  // Left out of a scan that finds much, and back.
  await run(toLater, scanOf(3, { 1: [22], 2: [80, 443], 3: [443], 6: [22] }));
  await run([...toFirst, ...toLater], scanOf(4, { 1: [22] }, 1));
  expect(await inventoryOf(first)).toEqual(await inventoryOf(later));
  // What waited for one was deleted.
  const gone = 'opensearch=http://127.0.0.1:1';
  expect((await portlog([...state, '--retry-for-seconds', '0', '--to', gone], { input: scanOf(5, { 1: [22, 80], 2: [443] }) })).code).toBe(5);
  const moved = await portlog(['replay', ...state, '--from', gone, ...toLater], { env });
  expect([moved.code, moved.stderr]).toEqual([0, expect.stringContaining('+ dead 0')]);
  const again = await portlog([...state, ...toLater], { input: scanOf(5, { 1: [22, 80], 2: [443] }) });
  expect(again.stderr).toMatch(/delivered 0 \+ already \d+ \+ dead 0/);
  await run(toFirst, scanOf(6, { 1: [22] }, 1));
  await run(toLater, scanOf(6, { 1: [22] }, 1));
  expect(await inventoryOf(later)).toEqual(await inventoryOf(first));
});
