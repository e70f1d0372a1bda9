import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { DASHBOARDS } from '../../src/content/dashboards.ts';
import type { DetectionRule } from '../../src/content/detection-rules.ts';
import { kibanaRules } from '../../src/content/kibana-rules.ts';
import { DEFAULT_CONTENT } from '../../src/content/options.ts';
import { ALERT_RULES } from '../../src/alert/rules.ts';
import { serverId } from '../../src/alert/rule.ts';
import { ROOT } from '../support/run-portlog.ts';
import { readDashboards, targetsOf } from './grafana.ts';
import { panelsOf, readObjects } from './kibana.ts';
import { osdPanelsOf, readOsdObjects } from './osd.ts';
import { DETECTION_RULE, ELASTALERT_RULE } from './detection-schema.ts';
import {
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

const yaml = (path: string): any => parse(readFileSync(join(ROOT, path), 'utf8'));

function expectValid(schema: object, value: unknown, what: string): void {
  const ajv = new Ajv2020({ allErrors: true, strict: false });
  const check = ajv.compile(schema);
  check(value);
  expect(check.errors ?? [], what).toEqual([]);
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

  test('has the form of the import, and refers to nothing outside', () => {
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

  test('have the form of its API and import, one for each rule with a query', () => {
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

  test('alert once per alert key, by the time of arrival at the server', () => {
    for (const { rule_id: id, alert_suppression: suppression, timestamp_override: timestamp } of rules) {
      const rule = ALERT_RULES.find((one) => serverId(one) === id)!;
      expect([suppression.group_by, suppression.duration, timestamp]).toEqual([rule.key, { value: rule.throttleHours, unit: 'h' }, 'event.ingested']);
    }
  });
});

test('ElastAlert has one valid rule for each rule', () => {
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
    for (const { annotations } of loki.groups[0].rules) expect(existsSync(join(ROOT, annotations.runbook_url))).toBe(true);
  });
});

describe.each(['opensearch', 'wazuh'])('dashboards/%s/portlog.ndjson', (folder) => {
  const objects = readOsdObjects(join(ROOT, 'dashboards', folder, 'portlog.ndjson'));

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
    const panels = osdPanelsOf(objects);
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
