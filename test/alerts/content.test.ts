import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { DASHBOARDS } from '../../src/content/dashboards.ts';
import { all, any, atLeast, exists, fieldsOf, type Filter, is } from '../../src/alert/filter.ts';
import { firings } from '../../src/alert/fires.ts';
import type { DetectionRule } from '../../src/content/detection-rules.ts';
import { kibanaRules } from '../../src/content/kibana-rules.ts';
import { labelOf, logqlStages } from '../../src/content/logql.ts';
import { templatedSummary } from '../../src/content/loki-rules.ts';
import { lucene } from '../../src/content/lucene.ts';
import { DEFAULT_CONTENT } from '../../src/content/options.ts';
import { fieldsShown, type Query } from '../../src/content/panel.ts';
import { ALERT_RULES } from '../../src/alert/rules.ts';
import { serverId } from '../../src/alert/rule.ts';
import { FIELDS } from '../../src/event/fields.ts';
import { RULE_CATEGORIES } from '../../src/finding/finding.ts';
import { RULES } from '../../src/finding/registry.ts';
import { METADATA } from '../../src/sink/loki/entry.ts';
import { ROOT } from '../support/run-portlog.ts';
import { readDashboards, targetsOf } from './grafana.ts';
import { panelsOf, readObjects } from './kibana.ts';
import { osdPanelsOf, readOsdObjects } from './osd.ts';
import {
  DETECTION_RULE,
  ELASTALERT_RULE,
  GRAFANA_ALERTING,
  GRAFANA_DASHBOARD,
  ISM_POLICY,
  KIBANA_OBJECT,
  KIBANA_RULE,
  LOKI_RULES,
  OPENSEARCH_MONITOR,
  OSD_OBJECT,
  VIS_STATE,
} from './schemas.ts';
import { STORIES } from './stories.ts';

const NAMES = new Set(FIELDS.map(({ name }) => name));
const QUERIES: readonly Query[] = DASHBOARDS.flatMap(({ panels }) =>
  panels.flatMap(({ query, withoutInventory }) => (withoutInventory === undefined ? [query] : [query, withoutInventory])),
);
const yaml = (path: string): any => parse(readFileSync(join(ROOT, path), 'utf8'));

function expectValid(schema: object, value: unknown, what: string): void {
  const ajv = new Ajv2020({ allErrors: true, strict: false });
  const check = ajv.compile(schema);
  check(value);
  expect(check.errors ?? [], what).toEqual([]);
}

describe('the catalogue', () => {
  test('every rule has a story that fires it, one that does not, and a runbook; and none of these is without a rule', () => {
    const ids = ALERT_RULES.map(({ id }) => id).toSorted();
    expect(new Set(ids).size).toBe(ids.length);
    expect(Object.keys(STORIES).toSorted()).toEqual(ids);
    expect(
      readdirSync(join(ROOT, 'docs/runbooks'))
        .map((name) => name.replace(/\.md$/, ''))
        .toSorted(),
    ).toEqual(ids);
    for (const { id, title } of ALERT_RULES) {
      const page = readFileSync(join(ROOT, 'docs/runbooks', `${id}.md`), 'utf8');
      expect(page.startsWith(`# ${title}\n`), id).toBe(true);
      for (const heading of ['How to check', 'False positives', 'How to close']) expect(page, id).toContain(`\n## ${heading}\n`);
    }
  });

  test('asks only for fields that events have, and alerts only on what is news', () => {
    for (const { id, where, key, shows, summary, dataset } of ALERT_RULES) {
      const inBraces = [...summary.matchAll(/\{([\w.]+)\}/g)].map(([, field]) => field as string);
      for (const field of [...fieldsOf(where), ...key, ...shows, ...inBraces])
        expect(NAMES.has(field) || field === 'level', `${id}: ${field}`).toBe(true);
      for (const field of inBraces) expect([...key, ...shows], id).toContain(field);
      expect(['nmap.change', 'nmap.scan', 'nmap.health'], id).toContain(dataset);
    }
    for (const { from, where, view } of QUERIES) {
      const steps = 'steps' in view ? view.steps.flatMap((step) => fieldsOf(step.where)) : [];
      for (const field of [...fieldsOf(where), ...fieldsShown(view), ...steps]) expect(NAMES.has(field), `${from}: ${field}`).toBe(true);
    }
  });

  test('labels of alerts in Loki need no line to be parsed', () => {
    for (const { key, shows, where } of ALERT_RULES)
      for (const field of [...key, ...shows, ...fieldsOf(where)]) expect(['nmap.site', 'level', ...METADATA], field).toContain(field);
  });

  test('every kind of weakness has an alert rule', () => {
    const covered = new Set(ALERT_RULES.flatMap(({ where }) => categoriesIn(where)));
    // These have actions of their own.
    covered.add('exposure');
    expect(RULE_CATEGORIES.filter((category) => !covered.has(category))).toEqual([]);
    expect(RULES.filter(({ category }) => !RULE_CATEGORIES.includes(category))).toEqual([]);
  });

  test('panels fill their rows without overlapping; ids, titles and texts are there', () => {
    for (const { id, panels } of DASHBOARDS) {
      expect(new Set(panels.map((panel) => panel.id)).size, id).toBe(panels.length);
      for (const { title, about, width } of panels) {
        expect(title && about).not.toBe('');
        expect(width).toBeLessThanOrEqual(24);
      }
    }
  });
});

function categoriesIn(filter: Filter): readonly unknown[] {
  if ('all' in filter) return filter.all.flatMap(categoriesIn);
  if ('any' in filter) return filter.any.flatMap(categoriesIn);
  return 'is' in filter && filter.field === 'rule.category' ? filter.is : [];
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

function overlapping(boxes: readonly Box[]): number {
  const meet = (a: Box, b: Box): boolean => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
  return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => meet(a, b))).length;
}

describe('what is rendered for Kibana', () => {
  const objects = readObjects();

  test('is of the form that its import takes, and refers to nothing outside', () => {
    for (const one of objects) {
      expectValid(KIBANA_OBJECT, one, one.id);
      for (const { type, id } of one.references)
        expect(
          objects.some((other) => other.type === type && other.id === id),
          `${one.id} → ${type} ${id}`,
        ).toBe(true);
    }
    expect(new Set(objects.map(({ type, id }) => `${type} ${id}`)).size).toBe(objects.length);
    expect(panelsOf(objects)).toHaveLength(DASHBOARDS.flatMap(({ panels }) => panels).length);
  });

  test('its panels do not overlap, and fit', () => {
    for (const { attributes } of objects.filter(({ type }) => type === 'dashboard')) {
      const boxes = (JSON.parse(attributes.panelsJSON) as { gridData: Box }[]).map(({ gridData }) => gridData);
      expect(overlapping(boxes)).toBe(0);
      for (const { x, w } of boxes) expect(x + w).toBeLessThanOrEqual(48);
    }
  });

  test('its links lead to its own dashboards', () => {
    for (const { attributes } of objects.filter(({ type }) => type === 'dashboard')) {
      const links = [...(attributes.panelsJSON as string).matchAll(/#\/view\/([\w-]+)/g)].map(([, id]) => id);
      expect(links).toHaveLength(DASHBOARDS.length - 1);
      for (const id of links) expect(DASHBOARDS.map((one) => one.id)).toContain(id);
    }
  });

  test('its rules are of the form that the API takes', () => {
    const files = readdirSync(join(ROOT, 'dashboards/elastic/rules'));
    expect(files).toHaveLength(ALERT_RULES.length);
    for (const file of files) expectValid(KIBANA_RULE, JSON.parse(readFileSync(join(ROOT, 'dashboards/elastic/rules', file), 'utf8')), file);
    const rules = kibanaRules(DEFAULT_CONTENT);
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    for (const { id } of rules) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    for (const rule of ALERT_RULES) expect(rules.some(({ tags }) => tags.includes(serverId(rule)))).toBe(true);
  });
});

describe('detection rules of Elastic Security', () => {
  const rules = readFileSync(join(ROOT, 'dashboards/elastic/detection-rules.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as DetectionRule);

  test('are of the form that its API and its import take, one for each rule that a query can find', () => {
    for (const rule of rules) expectValid(DETECTION_RULE, rule, rule.rule_id);
    expect(rules.map(({ rule_id: id }) => id)).toEqual(ALERT_RULES.filter(({ absentForHours }) => absentForHours === undefined).map(serverId));
  });

  test('name the tactics and techniques of the catalogue, but those of other matrices than that of enterprises', () => {
    for (const { rule_id: id, threat } of rules) {
      const { mitre } = ALERT_RULES.find((rule) => serverId(rule) === id)!;
      const named = threat.flatMap(({ tactic, technique }) => technique.map((one) => `${tactic.id} ${one.subtechnique?.[0]?.id ?? one.id}`));
      expect(named, id).toEqual(mitre.filter(({ technique }) => technique.startsWith('T1')).map(({ tactic, technique }) => `${tactic} ${technique}`));
    }
  });

  test('have the runbook as investigation guide, and its false positives', () => {
    for (const { rule_id: id, note, false_positives: falsePositives } of rules) {
      for (const heading of ['How to check', 'False positives', 'How to close']) expect(note, id).toContain(`\n### ${heading}\n`);
      expect(falsePositives.length, id).toBeGreaterThan(0);
    }
  });

  test('tell each thing once: grouped by what tells alerts apart in every target, by when the server got it', () => {
    for (const { rule_id: id, alert_suppression: suppression, timestamp_override: timestamp } of rules) {
      const rule = ALERT_RULES.find((one) => serverId(one) === id)!;
      expect([suppression.group_by, suppression.duration, timestamp]).toEqual([rule.key, { value: rule.throttleHours, unit: 'h' }, 'event.ingested']);
    }
  });
});

test('rules of ElastAlert are one for each rule, of a form that it takes', () => {
  const folder = join(ROOT, 'dashboards/elastalert/rules');
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
  expect(files.map((file) => file.slice(0, -5)).toSorted()).toEqual(ALERT_RULES.map(({ id }) => id).toSorted());
  for (const file of files) expectValid(ELASTALERT_RULE, yaml(`dashboards/elastalert/rules/${file}`), file);
  expect(yaml('dashboards/elastalert/rules/receivers.inc')).toEqual({ alert: ['debug'] });
});

describe('what is rendered for Grafana and Loki', () => {
  const dashboards = readDashboards();

  test('dashboards are classic JSON with a data source to choose, and link to each other', () => {
    for (const dashboard of dashboards) {
      expectValid(GRAFANA_DASHBOARD, dashboard, dashboard.uid);
      expect(overlapping(dashboard.panels.map(({ gridPos }: { gridPos: Box }) => gridPos))).toBe(0);
      const place = ['zone textbox', 'network textbox', 'address textbox'];
      const level = ['portlog-exposure', 'portlog-weaknesses', 'portlog-host'].includes(dashboard.uid) ? ['level custom'] : [];
      expect(dashboard.templating.list.map(({ name, type }: any) => `${name} ${type}`)).toEqual([
        'datasource datasource',
        'site query',
        ...(dashboard.uid === 'portlog-health' ? [] : [...place, ...level]),
      ]);
      const others = DASHBOARDS.map(({ id }) => `/d/${id}`).filter((url) => url !== `/d/${dashboard.uid}`);
      expect(dashboard.links.map(({ url }: any) => url)).toEqual(others);
    }
  });

  test('queries use only variables that Grafana fills', () => {
    const known = new Set(['$site', '$zone', '$network', '$address', '$level', '$__range', '$__auto']);
    for (const { dashboard, panel, expr } of targetsOf(dashboards))
      for (const [variable] of expr.matchAll(/\$\w+/g)) expect(known.has(variable), `${dashboard} ${panel}: ${variable}`).toBe(true);
  });

  test('alert rules of both are of the form that is provisioned, the same in number and id', () => {
    const grafana = yaml('dashboards/grafana/alerting/portlog.yaml');
    const loki = yaml('dashboards/loki/rules.yaml');
    expectValid(GRAFANA_ALERTING, grafana, 'grafana');
    expectValid(LOKI_RULES, loki, 'loki');
    const ids = ALERT_RULES.map(serverId);
    expect(grafana.groups[0].rules.map(({ uid }: any) => uid)).toEqual(ids);
    expect(loki.groups[0].rules.map(({ labels }: any) => labels.rule)).toEqual(ids);
    for (const { annotations } of grafana.groups[0].rules) expect(DASHBOARDS.map(({ id }) => id)).toContain(annotations.__dashboardUid__);
    const linked = grafana.groups[0].rules.filter(({ annotations }: any) => annotations.host_dashboard !== undefined);
    expect(linked.map(({ uid }: any) => uid)).toEqual(ALERT_RULES.filter(({ key }) => key.includes('server.address')).map(serverId));
    expect(linked[0].annotations.host_dashboard).toBe('/d/portlog-host?var-address={{ $labels.server_address }}');
    for (const { annotations } of loki.groups[0].rules) expect(existsSync(join(ROOT, annotations.runbook_url))).toBe(true);
  });
});

describe.each(['opensearch', 'wazuh'])('dashboards/%s/portlog.ndjson', (folder) => {
  const objects = readOsdObjects(join(ROOT, 'dashboards', folder, 'portlog.ndjson'));
  const known = folder === 'wazuh' ? { 'wazuh-alerts-*': { index: 'wazuh-alerts-*', timeField: 'timestamp' } } : {};

  test('objects are of the form that OpenSearch Dashboards imports, each once', () => {
    for (const one of objects) expectValid(OSD_OBJECT, one, one.id);
    expect(new Set(objects.map(({ type, id }) => `${type} ${id}`)).size).toBe(objects.length);
    for (const { id, type, attributes } of objects) {
      if (type !== 'visualization') continue;
      const state = JSON.parse(attributes.visState);
      expectValid(VIS_STATE, state, id);
      const ids = state.aggs.map((agg: any) => agg.id);
      expect(new Set(ids).size, id).toBe(ids.length);
      for (const { params } of state.aggs) if (params.orderBy !== undefined) expect([...ids, '_key', 'custom'], id).toContain(params.orderBy);
    }
  });

  test('every reference leads somewhere, no panels overlap, every panel is explained', () => {
    const panels = osdPanelsOf(objects, known);
    expect(panels.length).toBeGreaterThan(10);
    for (const [dashboard, some] of Map.groupBy(panels, (panel) => panel.dashboard))
      expect(overlapping(some.map(({ grid }) => grid)), dashboard).toBe(0);
    for (const { id, type, attributes } of objects)
      if (type !== 'index-pattern' && !/-(?:links|filters)$/.test(id)) expect(attributes.description, id).not.toBe('');
  });
});

test('panels of OpenSearch Dashboards ask what those of Kibana ask', () => {
  const kibana = panelsOf(readObjects());
  const osd = osdPanelsOf(readOsdObjects(join(ROOT, 'dashboards/opensearch/portlog.ndjson')));
  const what = ({ dashboard, id, title, index, query }: (typeof kibana)[number]): object => ({ dashboard, id, title, index, query });
  expect(osd.map(what)).toEqual(kibana.map(what));
});

test('the policy is of the form that index state management takes', () => {
  expectValid(ISM_POLICY, JSON.parse(readFileSync(join(ROOT, 'dashboards/opensearch/ism-policy.json'), 'utf8')), 'ism');
});

test('monitors of OpenSearch are of the form that its alerting takes, one for each rule', () => {
  const folder = join(ROOT, 'dashboards/opensearch/monitors');
  const files = readdirSync(folder);
  expect(files.map((file) => file.replace(/\.json$/, '')).toSorted()).toEqual(ALERT_RULES.map(({ id }) => id).toSorted());
  for (const file of files) expectValid(OPENSEARCH_MONITOR, JSON.parse(readFileSync(join(folder, file), 'utf8')), file);
});

test('rules by item leave out what is one of very many changes of a scan, in every target; mass-change itself does not', () => {
  const kibana = kibanaRules(DEFAULT_CONTENT);
  const loki: readonly any[] = yaml('dashboards/loki/rules.yaml').groups[0].rules;
  const grafana: readonly any[] = yaml('dashboards/grafana/alerting/portlog.yaml').groups[0].rules;
  for (const rule of ALERT_RULES) {
    const isOut = rule.dataset === 'nmap.change' && rule.key.includes('nmap.entity.id');
    const monitor = readdirSync(join(ROOT, 'dashboards/opensearch/monitors')).find((file) => file === `${rule.id}.json`) ?? '';
    const texts = [
      kibana.find(({ tags }) => tags.includes(serverId(rule)))?.params.esQuery,
      readFileSync(join(ROOT, 'dashboards/opensearch/monitors', monitor), 'utf8'),
    ];
    for (const text of texts) expect(text?.includes('AND NOT nmap.change.mass:true'), rule.id).toBe(isOut);
    for (const text of [
      loki.find(({ labels }) => labels.rule === serverId(rule)).expr,
      grafana.find(({ uid }) => uid === serverId(rule)).data[0].model.expr,
    ])
      expect(text.includes('nmap_change_mass!=`true`'), rule.id).toBe(isOut);
  }
});

describe('filters', () => {
  const filter = all(
    is('event.action', 'port-opened', 'port-reopened'),
    any(is('nmap.external', true), all(is('service.type', 'ssh'), atLeast('event.severity', 73))),
  );

  test('in Lucene', () => {
    expect(lucene(filter)).toBe(
      'event.action:("port-opened" OR "port-reopened") AND (nmap.external:true OR (service.type:ssh AND event.severity:>=73))',
    );
    expect(lucene(is('nmap.site', 'a"b\\'))).toBe('nmap.site:"a\\"b\\\\"');
    expect(lucene({ field: 'tls.server.not_after', daysAhead: { from: 0, to: 7 } })).toBe('tls.server.not_after:[now TO now+7d}');
    expect(lucene({ field: 'tls.server.not_after', daysAhead: { from: -30 } })).toBe('tls.server.not_after:[now-30d TO *}');
    expect(lucene(exists('nmap.zone'))).toBe('_exists_:nmap.zone');
    expect(lucene({ field: 'nmap.change.mass', isNot: true })).toBe('NOT nmap.change.mass:true');
  });

  test('in LogQL', () => {
    expect(logqlStages(filter)).toBe(
      ' | event_action=~`port-opened|port-reopened` and (nmap_external=`true` or (service_type=`ssh` and event_severity >= 73))',
    );
    expect(logqlStages(is('nmap.finding.exploit', true))).toBe(' | json nmap_finding_exploit="nmap.finding.exploit" | nmap_finding_exploit=`true`');
    expect(logqlStages(is('nmap.site', 'a.b', 'c'))).toBe(' | site=~`a\\.b|c`');
  });

  test('a value never ends the string that it stands in', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const [, quoted] = /^nmap\.site:(.*)$/s.exec(lucene(is('nmap.site', value))) ?? [];
        expect(quoted).toMatch(/^(?:[a-z0-9_.]+|"(?:[^"\\]|\\["\\])*")$/s);
      }),
    );
    expect(labelOf('nmap.site')).toBe('site');
  });
});

test('a host that has no name is called by its address once', () => {
  const event = (host: object): Record<string, unknown> => ({
    event: { dataset: 'nmap.change', action: 'host-new' },
    server: { address: '192.0.2.7' },
    host,
    nmap: { site: 'default' },
  });
  const heard = (host: object): readonly string[] => firings(event(host), 0).map(({ summary }) => summary);
  expect(heard({ name: '192.0.2.7' })).toEqual(['New host 192.0.2.7']);
  expect(heard({ name: 'web.example' })).toEqual(['New host 192.0.2.7 (web.example)']);
  expect(heard({})).toEqual(['New host 192.0.2.7']);
  const rule = ALERT_RULES.find(({ id }) => id === 'new-host')!;
  expect(templatedSummary(rule)).toBe(
    'New host {{ $labels.server_address }}{{ if and $labels.host_name (ne $labels.host_name $labels.server_address) }} ({{ $labels.host_name }}){{ end }}',
  );
});
