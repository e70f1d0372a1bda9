import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { dated } from '../alerts/dated.ts';
import { ask, askedOf, filled, readDashboards, shownLines, targetsOf } from '../alerts/grafana.ts';
import { firing, panelsOf, readObjects, rowsOf } from '../alerts/kibana.ts';
import { ofOneSink, withoutOtherSink } from '../alerts/one-sink.ts';
import { HEADQUARTERS_SITE, siteOf } from '../alerts/ship.ts';
import type { DetectionRule } from '../../src/content/detection-rules.ts';
import { firings, keyOf } from '../../src/alert/fires.ts';
import { kibanaRules } from '../../src/content/kibana-rules.ts';
import { LEVELS } from '../../src/content/levels.ts';
import type { LokiRuleGroup } from '../../src/content/loki-rules.ts';
import { DEFAULT_CONTENT } from '../../src/content/options.ts';
import { type AlertRule, serverId } from '../../src/alert/rule.ts';
import { ALERT_RULES } from '../../src/alert/rules.ts';
import { freshDir, portlog, ROOT } from '../support/run-portlog.ts';
import type { AlertmanagerServer } from './alertmanager.ts';
import { runElastalert } from './elastalert.ts';
import { type ElasticsearchServer, PASSWORD } from './elasticsearch.ts';
import { hasLoki, type LokiServer, ownsLoki } from './loki.ts';
import { startStoryStores, type StoryStores } from './story-stores.ts';

const LATER = 27 * 3_600_000;

let elasticsearch: ElasticsearchServer;
/** Where there is none, what is asked of Elasticsearch is asked all the same. */
let loki: LokiServer | undefined;
let tenant: string;
let alertmanager: AlertmanagerServer | undefined;
let to: readonly string[];
let env: Readonly<Record<string, string>>;
let stores: StoryStores;

beforeAll(async () => {
  stores = await startStoryStores();
  ({ elasticsearch, loki, tenant, alertmanager, to, env } = stores);
}, 5 * 60_000);
afterAll(() => stores?.stop());

describe('dashboards over three weeks of a small company', () => {
  test('every panel of the file for Kibana shows what it should', async () => {
    const lines: string[] = [];
    for (const panel of panelsOf(readObjects())) {
      const rows = await rowsOf(elasticsearch, panel, `nmap.site:"${HEADQUARTERS_SITE}"`, 30);
      lines.push(`# ${panel.dashboard} ${panel.id} (${rows.length})`, ...rows.slice(0, 20).map(dated).toSorted());
    }
    await expect(ofOneSink(`${lines.join('\n')}\n`, loki !== undefined)).toMatchFileSnapshot('../alerts/headquarters.kibana.txt');
  });

  test('severities come in their order, in charts and in tables', async () => {
    const levels: readonly string[] = LEVELS;
    let seen = 0;
    for (const panel of panelsOf(readObjects())) {
      const rows = await rowsOf(elasticsearch, panel, `nmap.site:"${HEADQUARTERS_SITE}"`, 30);
      const isOrdered = panel.shape !== undefined || /risk|severity/.test(panel.sort[0]?.[0] ?? '');
      const name = Object.keys(rows[0] ?? {}).find((one) => one !== '@timestamp' && rows.every((row) => levels.includes(String(row[one]))));
      if (name === undefined || !isOrdered || rows.some((row) => '@timestamp' in row)) continue;
      seen++;
      const found = rows.map((row) => levels.indexOf(String(row[name])));
      expect(found, `${panel.dashboard} ${panel.id}`).toEqual(found.toSorted((a, b) => a - b));
    }
    expect(seen).toBeGreaterThanOrEqual(6);
  });

  test.skipIf(!hasLoki)('Loki: every panel of the files for Grafana shows what it should', { timeout: 120_000 }, async () => {
    const shown = await shownLines(readDashboards(), askedOf(loki!.url, tenant), HEADQUARTERS_SITE, 30);
    await expect(withoutOtherSink(shown)).toMatchFileSnapshot('../alerts/headquarters.grafana.txt');
  });

  test.skipIf(!hasLoki)('Loki: a site that nobody has scanned has no value, not 0', async () => {
    for (const { panel, kind, expr } of targetsOf(readDashboards())) {
      if (kind !== 'stat') continue;
      expect(await ask(loki!.url, tenant, filled(expr, 'nowhere', 30)), panel).toEqual([]);
    }
  });
});

test('a scan that comes late is not the latest, in no store', async () => {
  const state = freshDir();
  for (const scan of ['after', 'before'])
    expect((await portlog(['--site', 'late', '--state-dir', state, ...to, join(ROOT, 'examples', `${scan}.xml`)], { env })).code).toBe(0);
  await elasticsearch.ask('POST', '/logs-nmap.*,nmap-inventory-*/_refresh');
  if (loki !== undefined) {
    const target = targetsOf(readDashboards()).find(({ dashboard, panel }) => dashboard === 'portlog-exposure' && panel === 'Open ports');
    expect((await ask(loki.url, tenant, filled(target!.expr, 'late', 30))).map(({ value }) => value)).toEqual([1]);
  }
  const panel = panelsOf(readObjects()).find(({ dashboard, id }) => dashboard === 'portlog-exposure' && id === 'open-ports');
  expect(await rowsOf(elasticsearch, panel!, 'nmap.site:late', 30)).toEqual([{ 'Open ports': 1 }]);
});

describe('rules of Kibana', () => {
  const rules = kibanaRules(DEFAULT_CONTENT);
  const sitesOf = async (id: string, now: number): Promise<readonly unknown[]> => {
    const rule = rules.find(({ tags }) => tags.includes(id));
    return (await firing(elasticsearch, rule!.params, now)).map((group) => group['nmap.site']);
  };

  test.each(ALERT_RULES.filter(({ absentForHours }) => absentForHours === undefined).map((rule) => [rule.id, rule] as const))(
    '%s fires on its story, once for each thing, and not on the other',
    async (id, rule) => {
      const found = rules.find(({ tags }) => tags.includes(serverId(rule)))!;
      const groups = await firing(elasticsearch, found.params, Date.now());
      expect(groups.filter((group) => group['nmap.site'] === siteOf(id, 'fires')).length, 'fires').toBe(EXPECTED[id] ?? 1);
      expect(groups.filter((group) => group['nmap.site'] === siteOf(id, 'silent'))).toEqual([]);
      for (const group of groups) expect(Object.keys(group)).toEqual(rule.key);
    },
  );

  test('scan-overdue fires when nothing has come for a day, and names the site it was made for', async () => {
    expect(await sitesOf('portlog-scan-overdue', Date.now())).toEqual([]);
    expect(await sitesOf('portlog-scan-overdue', Date.now() + LATER)).toHaveLength(1);
    const [one, other] = kibanaRules({ ...DEFAULT_CONTENT, sites: [{ name: 'nowhere' }, { name: HEADQUARTERS_SITE }] }).filter(({ name }) =>
      name.includes('Scan overdue:'),
    );
    expect(await firing(elasticsearch, one!.params, Date.now())).toHaveLength(1);
    expect(await firing(elasticsearch, other!.params, Date.now())).toEqual([]);
  });
});

describe('detection rules of Elastic Security', () => {
  const rules = readFileSync('dashboards/elastic/detection-rules.ndjson', 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as DetectionRule);
  const ask = async (index: string, query: object): Promise<readonly any[]> => {
    const { body } = await elasticsearch.ask('POST', `/${index}/_search`, { size: 10_000, query });
    return (body.hits.hits as { _source: unknown }[]).map(({ _source }) => _source);
  };

  test('each rule finds its own events and no others, so each story fires exactly its rules', async () => {
    const all = await ask('logs-nmap.change-*,logs-nmap.scan-*,logs-nmap.health-*', { match_all: {} });
    const meant = Map.groupBy(
      all.flatMap((event) => firings(event, Date.now()).map(({ rule }) => ({ rule: serverId(rule), event }))),
      ({ rule }) => rule,
    );
    expect(all.length).toBeGreaterThan(300);
    for (const { rule_id: id, index, query, timestamp_override: time } of rules) {
      // As Kibana asks: the query in its own words, within the time in which the rule looks back.
      const filter = [{ range: { [time]: { gte: 'now-1d', lte: 'now' } } }, { query_string: { query, analyze_wildcard: true } }];
      const found = await ask(index.join(','), { bool: { filter } });
      const ids = found.map((event) => event.event.id as string).toSorted();
      expect(ids, id).toEqual((meant.get(id) ?? []).map(({ event }) => event.event.id as string).toSorted());
      const sites = new Set(found.map((event) => event.nmap.site as string));
      const rule = id.replace('portlog-', '');
      expect([sites.has(siteOf(rule, 'fires')), sites.has(siteOf(rule, 'silent'))], id).toEqual([true, false]);
    }
  });

  test('every field that it groups by is there in every event that it finds', async () => {
    for (const { rule_id: id, index, query, alert_suppression: suppression } of rules) {
      const missing = suppression.group_by.map((field) => ({ bool: { must_not: { exists: { field } } } }));
      expect(await ask(index.join(','), { bool: { filter: { query_string: { query } }, should: missing, minimum_should_match: 1 } }), id).toEqual([]);
    }
  });
});

describe('rules of ElastAlert 2, run by the real one', () => {
  const FOLDER = 'dashboards/elastalert/rules';
  const run = (hours: number, file?: string): ReturnType<typeof runElastalert> =>
    runElastalert(
      { url: elasticsearch.url, caFile: elasticsearch.caFile, user: 'admin', password: PASSWORD },
      FOLDER,
      new Date(Date.now() - hours * 3_600_000),
      (name) => file === undefined || name === file,
    );

  test('a webhook gets exactly the alerts of the evaluator, once each', { timeout: 5 * 60_000 }, async () => {
    const { body } = await elasticsearch.ask('POST', '/logs-nmap.change-*,logs-nmap.scan-*,logs-nmap.health-*/_search', { size: 10_000 });
    const events = (body.hits.hits as { _source: any }[]).map(({ _source }) => _source);
    const key = (rule: AlertRule, event: any): string => `${rule.id} ${keyOf(rule, event)}`;
    const meant = new Set(events.flatMap((event) => firings(event, Date.now()).map(({ rule }) => key(rule, event))));
    const { heard, output } = await run(2);
    const said = heard.map(({ rule, event }) =>
      key(
        ALERT_RULES.find(({ id }) => id === rule)!,
        event,
      ),
    );
    expect(said.toSorted()).toEqual([...meant].toSorted());
    expect(output).not.toMatch(/ERROR|Traceback/);
    const sites = (kind: 'fires' | 'silent'): readonly string[] =>
      heard.filter(({ rule, event }) => event.nmap.site === siteOf(rule, kind)).map(({ rule }) => rule);
    expect(new Set(sites('fires'))).toEqual(new Set(ALERT_RULES.filter(({ absentForHours }) => absentForHours === undefined).map(({ id }) => id)));
    expect(sites('silent')).toEqual([]);
    expect(output).toContain('New host 192.0.2.11\n');
    expect(output).not.toMatch(/\{\{|\{%/);
  });

  test('scan-overdue fires when nothing has come for a day', { timeout: 5 * 60_000 }, async () => {
    expect((await run(30, 'scan-overdue.yaml')).heard.map(({ rule }) => rule)).toContain('scan-overdue');
  });
});

/** Where more than one thing happens in a story. */
const EXPECTED: Readonly<Record<string, number>> = { 'remote-administration-external': 2, 'mass-change': 1 };

describe.skipIf(!hasLoki)('rules of Loki', () => {
  const { groups } = parse(readFileSync('dashboards/loki/rules.yaml', 'utf8')) as { groups: readonly LokiRuleGroup[] };
  const ruleOf = (id: string): LokiRuleGroup['rules'][number] => groups[0]!.rules.find(({ labels }) => labels['rule'] === `portlog-${id}`)!;

  test.each(ALERT_RULES.map((rule) => [rule.id, rule] as const))(
    '%s fires on its story, once for each thing, and not on the other',
    async (id, rule) => {
      // Nothing can be sent a day ago: the question is asked from tomorrow.
      const at = rule.absentForHours === undefined ? Date.now() : Date.now() + LATER;
      const found = await ask(loki!.url, tenant, ruleOf(id).expr, at);
      const fired = found.filter(({ metric }) => metric['site'] === siteOf(id, 'fires'));
      expect(fired.length, 'fires').toBe(EXPECTED[id] ?? 1);
      for (const { metric } of fired)
        expect(Object.keys(metric)).toEqual(
          expect.arrayContaining(rule.key.map((field) => (field === 'nmap.site' ? 'site' : field.replaceAll('.', '_')))),
        );
      const others = rule.absentForHours === undefined ? found : await ask(loki!.url, tenant, ruleOf(id).expr);
      expect(others.filter(({ metric }) => metric['site'] === siteOf(id, 'silent'))).toEqual([]);
    },
  );

  test.skipIf(!ownsLoki)('are installed into the ruler, which fires them, and Alertmanager hands them on', { timeout: 5 * 60_000 }, async () => {
    const setup = await portlog(['setup', 'loki', '--url', loki!.url, '--site', 'nowhere'], { env });
    expect(setup.stderr).toBe(`portlog: created rule group portlog with ${ALERT_RULES.length} alert rules in the ruler\n`);
    expect(setup.code).toBe(0);
    const wanted = ALERT_RULES.map(
      ({ id, absentForHours }) => `${serverId({ id })} ${absentForHours === undefined ? siteOf(id, 'fires') : 'nowhere'}`,
    );
    const arrived = (): readonly string[] => alertmanager!.received.map(({ labels }) => `${labels['rule']} ${labels['site']}`);
    for (let tries = 0; tries < 200 && !wanted.every((one) => arrived().includes(one)); tries++)
      await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(arrived()).toEqual(expect.arrayContaining(wanted));
    expect(
      arrived().filter((one) => one.endsWith('.silent') && one === `portlog-${one.split(' ')[1]?.replace('.silent', '')} ${one.split(' ')[1]}`),
    ).toEqual([]);
    const answer = await fetch(`${loki!.url}/prometheus/api/v1/rules`, { headers: { 'X-Scope-OrgID': tenant } });
    const { data } = (await answer.json()) as { data: { groups: { rules: { name: string; health: string; lastError: string }[] }[] } };
    expect(data.groups[0]!.rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    const telnet = alertmanager!.received.find(
      ({ labels }) => labels['site'] === siteOf('cleartext-administration', 'fires') && labels['rule'] === 'portlog-cleartext-administration',
    );
    expect(telnet?.annotations['summary']).toBe('Clear text: Telnet at 192.0.2.10 23/tcp');
    expect(telnet?.labels).toMatchObject({ severity: 'high', rule_id: 'nmap-service-telnet', server_port: '23', nmap_zone: 'lan', level: 'error' });
  });

  test.skipIf(!ownsLoki)('set-up again changes nothing; what somebody has changed stays, unless forced; and all goes', async () => {
    const setup = async (...args: readonly string[]): Promise<readonly [string, number | null]> => {
      const { stderr, code } = await portlog(['setup', 'loki', '--url', loki!.url, ...args], { env });
      return [stderr.replaceAll('portlog: ', ''), code];
    };
    expect(await setup('--site', 'nowhere')).toEqual([`unchanged: rule group portlog with ${ALERT_RULES.length} alert rules in the ruler\n`, 0]);
    const { stdout } = await portlog(['check', '--to', `loki=${loki!.url}`], { env });
    expect(stdout).toContain('dashboards or alert rules are of another version, or were made with other options');
    expect(await setup('--dry-run')).toEqual([
      `would update rule group portlog with ${ALERT_RULES.length} alert rules in the ruler\nnothing was changed: --verbose shows what would be sent\n`,
      0,
    ]);
    expect(await setup()).toEqual([`updated rule group portlog with ${ALERT_RULES.length} alert rules in the ruler\n`, 0]);
    const rules = `${loki!.url}/loki/api/v1/rules/portlog`;
    const headers = { 'X-Scope-OrgID': tenant, 'content-type': 'application/yaml' };
    const group = parse(await (await fetch(`${rules}/portlog`, { headers })).text()) as { rules: { labels: Record<string, string> }[] };
    group.rules[0]!.labels['team'] = 'mine';
    expect((await fetch(rules, { method: 'POST', headers, body: stringify(group) })).status).toBe(202);
    const kept = `left as it is, because somebody has made or changed it: rule group portlog with ${ALERT_RULES.length} alert rules in the ruler\n--force overwrites what somebody has changed\n`;
    expect(await setup()).toEqual([kept, 1]);
    expect(await setup('--force')).toEqual([`updated rule group portlog with ${ALERT_RULES.length} alert rules in the ruler\n`, 0]);
    expect(await setup('--remove')).toEqual([`removed rule group portlog with ${ALERT_RULES.length} alert rules in the ruler\n`, 0]);
    expect(await setup('--remove')).toEqual(['nothing of portlog is installed there\n', 0]);
  });
});

test('the two scans of the how-to fire the alert that it promises, and not the one that it does not', async () => {
  const state = freshDir();
  for (const scan of ['before', 'after'])
    expect((await portlog(['--site', 'test', '--state-dir', state, ...to, join(ROOT, 'examples', `${scan}.xml`)], { env })).code).toBe(0);
  await elasticsearch.ask('POST', '/logs-nmap.*/_refresh');
  const { groups } = parse(readFileSync('dashboards/loki/rules.yaml', 'utf8')) as { groups: readonly LokiRuleGroup[] };
  const inKibana: string[] = [];
  for (const { name, params } of kibanaRules(DEFAULT_CONTENT)) {
    const found = await firing(elasticsearch, params, Date.now());
    if (found.some((group) => group['nmap.site'] === 'test')) inKibana.push(name);
  }
  expect(inKibana).toEqual(['[portlog] New open port']);
  if (loki === undefined) return;
  const inLoki: string[] = [];
  for (const { expr, labels } of groups[0]!.rules) {
    const found = await ask(loki.url, tenant, expr);
    if (found.some(({ metric }) => metric['site'] === 'test')) inLoki.push(labels['rule'] ?? '');
  }
  expect(inLoki).toEqual(['portlog-new-open-port']);
});
