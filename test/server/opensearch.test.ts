import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ALERT_RULES } from '../../src/alert/rules.ts';
import { serverId } from '../../src/alert/rule.ts';
import { kibanaRules } from '../../src/content/kibana-rules.ts';
import { type Monitor, opensearchMonitors } from '../../src/content/opensearch-monitors.ts';
import { DEFAULT_CONTENT } from '../../src/content/options.ts';
import { eventsOf, fixture } from '../support/scans.ts';
import { freshDir, portlog, ROOT } from '../support/run-portlog.ts';
import { firing, panelsOf, readObjects, rowsOf } from '../alerts/kibana.ts';
import { osdPanelsOf, readOsdObjects } from '../alerts/osd.ts';
import { storeWazuhAlerts } from '../alerts/wazuh-alerts.ts';
import { HEADQUARTERS_SITE, shipStories, siteOf } from '../alerts/ship.ts';
import { type OpenSearchServer, startOpenSearch } from './opensearch.ts';
import { dated } from '../alerts/dated.ts';

let server: OpenSearchServer;

beforeAll(async () => {
  server = await startOpenSearch();
});
afterAll(() => server?.stop());

test('set-up installs, the second time changes nothing; what is the user’s is never written again', async () => {
  const setup = (): ReturnType<typeof portlog> => portlog(['setup', 'opensearch', '--url', server.url]);
  const first = await setup();
  expect([first.code, first.stderr.match(/created /g)?.length]).toEqual([0, 7]);
  await server.ask('PUT', '/_component_template/logs-nmap@custom', { template: { settings: { 'index.number_of_replicas': 0 } } });
  const second = await setup();
  expect([second.code, second.stderr.match(/unchanged: /g)?.length]).toEqual([0, 7]);
});

test('a scan is stored once however often it is shipped, with what the pipeline adds, and found by its fields', async () => {
  const args = ['--to', `opensearch=${server.url}`, join(ROOT, 'examples/loopback.xml')];
  const first = await portlog(['--state-dir', freshDir(), ...args]);
  expect([first.code, first.stderr]).toEqual([0, expect.stringContaining('read 15 = delivered 15 + already 0 + dead 0')]);
  const again = await portlog(['--state-dir', freshDir(), '--no-changes', ...args]);
  expect(again.stderr).toMatch(/delivered 0 \+ already 13/);
  await server.ask('POST', '/logs-nmap.*,nmap-inventory-*/_refresh');
  const query = {
    bool: { filter: [{ term: { 'server.port': 2222 } }, { term: { 'host.ip': '127.0.0.0/8' } }, { exists: { field: 'event.ingested' } }] },
  };
  const { body } = await server.ask('POST', '/logs-nmap.port-default/_search', { query });
  expect(body.hits.hits.map(({ _source }: any) => _source.message)).toEqual(['127.0.0.1 2222/tcp open ssh OpenSSH 9.2p1 Debian 2']);
  expect((await server.ask('GET', '/_data_stream/logs-nmap.port-default')).status).toBe(200);
  expect((await server.ask('GET', '/nmap-inventory-default/_count')).body.count).toBeGreaterThan(0);
});

test('every event of the fixture fits the mapping, script output included', async () => {
  const file = join(ROOT, 'test/fixtures/everything.xml');
  const { code, stderr } = await portlog(['--state-dir', freshDir(), '--all', '--to', `opensearch=${server.url}`, file]);
  expect([code, stderr]).toEqual([0, expect.stringContaining('dead 0')]);
  expect(eventsOf(fixture('everything.xml'), { all: true }).length).toBeGreaterThan(0);
  await server.ask('POST', '/logs-nmap.*/_refresh');
  const { body } = await server.ask('POST', '/logs-nmap.port-*/_search', {
    query: { bool: { filter: [{ term: { 'nmap.script.data.ssl-cert.pubkey.bits': '2048' } }, { term: { 'host.ip': '192.0.2.7' } }] } },
  });
  expect(body.hits.total.value).toBe(1);
});

test(
  'the queries of panels and rules give what they give in Elasticsearch, and so do the panels of OpenSearch Dashboards',
  { timeout: 5 * 60_000 },
  async () => {
    await shipStories(['--to', `opensearch=${server.url}`], {});
    await server.ask('POST', '/logs-nmap.*,nmap-inventory-*/_refresh');
    const lines: string[] = [];
    for (const panel of panelsOf(readObjects())) {
      const rows = await rowsOf(server, panel, `nmap.site:"${HEADQUARTERS_SITE}"`, 30);
      lines.push(`# ${panel.dashboard} ${panel.id} (${rows.length})`, ...rows.slice(0, 20).map(dated).toSorted());
    }
    const expected = readFileSync(join(ROOT, 'test/alerts/headquarters.kibana.txt'), 'utf8');
    expect(withoutDelivery(`${lines.join('\n')}\n`)).toBe(withoutDelivery(expected));
    const own: string[] = [];
    for (const panel of osdPanelsOf(readOsdObjects('dashboards/opensearch/portlog.ndjson'))) {
      const rows = await rowsOf(server, panel, `nmap.site:"${HEADQUARTERS_SITE}"`, 30);
      own.push(`# ${panel.dashboard} ${panel.id} (${rows.length})`, ...rows.slice(0, 20).map(dated).toSorted());
    }
    expect(withoutDelivery(`${own.join('\n')}\n`)).toBe(withoutDelivery(expected));
    const rules = kibanaRules(DEFAULT_CONTENT);
    for (const rule of ALERT_RULES.filter(({ absentForHours }) => absentForHours === undefined)) {
      const found = rules.find(({ tags }) => tags.includes(serverId(rule)))!;
      const sites = (await firing(server, found.params, Date.now())).map((group) => group['nmap.site']);
      expect(sites, rule.id).toContain(siteOf(rule.id, 'fires'));
      expect(sites, rule.id).not.toContain(siteOf(rule.id, 'silent'));
    }
  },
);

test("the panels of Wazuh's dashboard show the alerts of the rules", { timeout: 2 * 60_000 }, async () => {
  const file = join(freshDir(), 'wazuh.ndjson');
  writeFileSync(file, '');
  await shipStories(['--to', `wazuh=${file}`], {});
  await storeWazuhAlerts(server, readFileSync(file, 'utf8').trim().split('\n'));
  const rows: string[] = [];
  for (const panel of osdPanelsOf(readOsdObjects('dashboards/wazuh/portlog.ndjson'))) {
    const found = await rowsOf(server, panel, `data.nmap.site:"${HEADQUARTERS_SITE}"`, 30);
    rows.push(`# ${panel.dashboard} ${panel.id} (${found.length})`, ...found.slice(0, 20).map(dated).toSorted());
  }
  await expect(`${rows.join('\n')}\n`).toMatchFileSnapshot('../alerts/headquarters.wazuh.txt');
});

test('monitors fire as their triggers say, on their stories and not on the others', async () => {
  const monitors = opensearchMonitors({ ...DEFAULT_CONTENT, sites: [{ name: HEADQUARTERS_SITE }, { name: 'nowhere' }] });
  for (const rule of ALERT_RULES.filter(({ absentForHours }) => absentForHours === undefined)) {
    const sites = (await alertsOf(monitors.get(rule.id)!)).map((group) => group['nmap.site']);
    expect(sites, rule.id).toContain(siteOf(rule.id, 'fires'));
    expect(sites, rule.id).not.toContain(siteOf(rule.id, 'silent'));
  }
  expect(await alertsOf(monitors.get(`scan-overdue-${HEADQUARTERS_SITE}`)!)).toEqual([]);
  expect(await alertsOf(monitors.get('scan-overdue-nowhere')!)).toHaveLength(1);
});

/**
 * What the alerting plugin makes of a monitor, as far as the server sees it: the search with the period filled in, and the
 * trigger's own script over each group, or over the answer.
 */
async function alertsOf({ inputs: [{ search }], triggers: [trigger] }: Monitor): Promise<readonly Record<string, unknown>[]> {
  const query = JSON.parse(JSON.stringify(search.query).replaceAll('{{period_end}}', String(Date.now())));
  if ('bucket_level_trigger' in trigger) {
    const { buckets_path, parent_bucket_path, script } = trigger.bucket_level_trigger.condition;
    query.aggregations[parent_bucket_path].aggregations = { fired: { bucket_selector: { buckets_path, script } } };
  }
  const { status, body } = await server.ask('POST', `/${search.indices.join()}/_search`, query);
  expect(status, JSON.stringify(body)).toBe(200);
  if ('bucket_level_trigger' in trigger)
    return body.aggregations[trigger.bucket_level_trigger.condition.parent_bucket_path].buckets.map(({ key }: any) => key);
  // Painless has no ctx.results outside of the plugin: the same words over the same answer as a parameter.
  const source = `return ${trigger.query_level_trigger.condition.script.source.replace('ctx.results[0]', "params['answer']")}`;
  const asked = await server.ask('POST', '/_scripts/painless/_execute', { script: { source, params: { answer: body } } });
  expect(asked.status, JSON.stringify(asked.body)).toBe(200);
  return asked.body.result === 'true' ? [{}] : [];
}

/** How many events went to which sinks is another matter here. */
function withoutDelivery(text: string): string {
  return text.replaceAll(/^.*(?:nmap\.delivery\.delivered|portlog run ended).*$/gm, '');
}
