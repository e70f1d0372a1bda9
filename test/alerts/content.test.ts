import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { DASHBOARDS } from '../../src/content/dashboards.ts';
import { all, any, atLeast, exists, fieldsOf, type Filter, is } from '../../src/alert/filter.ts';
import { firings } from '../../src/alert/fires.ts';
import { detectionRules } from '../../src/content/detection-rules.ts';
import { elastalertFiles } from '../../src/content/elastalert-rules.ts';
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
import { STORIES } from './stories.ts';

const NAMES = new Set(FIELDS.map(({ name }) => name));
const QUERIES: readonly Query[] = DASHBOARDS.flatMap(({ panels }) =>
  panels.flatMap(({ query, withoutInventory }) => (withoutInventory === undefined ? [query] : [query, withoutInventory])),
);
const yaml = (path: string): any => parse(readFileSync(join(ROOT, path), 'utf8'));

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

  test('uses only fields that events have, and only datasets that report changes, scans and health', () => {
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

  test('rules filter by structured metadata in Loki; only the name of a weakness is taken from the line', () => {
    const atHand = ['nmap.site', 'level', ...METADATA];
    for (const { key, shows, where } of ALERT_RULES) {
      for (const field of [...key, ...fieldsOf(where)]) expect(atHand, field).toContain(field);
      for (const field of shows) expect([...atHand, 'rule.name', 'vulnerability.id'], field).toContain(field);
    }
  });

  test('sentences use names of findings, never ids', () => {
    for (const { id, title, summary, about } of ALERT_RULES) {
      expect(`${title} ${summary}`, id).not.toMatch(/nmap-|\{rule\.id\}|\{nmap\.entity\.id\}|\{nmap\.delivery\.problem\}/);
      expect(about, id).toMatch(/^[A-Z].*\.$/);
    }
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

test('rules about single items leave out marked changes of a mass change, in every target; mass-change itself does not', () => {
  const [kibana, detection, elastalert] = [kibanaRules(DEFAULT_CONTENT), detectionRules(DEFAULT_CONTENT), elastalertFiles(DEFAULT_CONTENT)];
  const loki: readonly any[] = yaml('dashboards/loki/rules.yaml').groups[0].rules;
  const grafana: readonly any[] = yaml('dashboards/grafana/alerting/portlog.yaml').groups[0].rules;
  for (const rule of ALERT_RULES) {
    const isOut = rule.dataset === 'nmap.change' && rule.key.includes('nmap.entity.id');
    const monitor = readdirSync(join(ROOT, 'dashboards/opensearch/monitors')).find((file) => file === `${rule.id}.json`) ?? '';
    const texts = [
      kibana.find(({ tags }) => tags.includes(serverId(rule)))?.params.esQuery,
      readFileSync(join(ROOT, 'dashboards/opensearch/monitors', monitor), 'utf8'),
      ...(rule.absentForHours === undefined ? [detection.find(({ rule_id }) => rule_id === serverId(rule))?.query] : []),
      elastalert.get(`${rule.id}.yaml`),
    ];
    for (const text of texts) expect(text?.includes('AND NOT nmap.change.mass:true'), rule.id).toBe(isOut);
    for (const text of [
      loki.find(({ labels }) => labels.rule === serverId(rule)).expr,
      grafana.find(({ uid }) => uid === serverId(rule)).data[0].model.expr,
    ])
      expect(text.includes('nmap_change_mass!=`true`'), rule.id).toBe(isOut);
  }
});

test('nor do they fire here, for Alertmanager and exec', () => {
  const opened = (mass?: true): ReturnType<typeof firings> =>
    firings({ event: { dataset: 'nmap.change', action: 'port-opened' }, nmap: { change: { mass } } }, 0);
  expect(opened().map(({ rule }) => rule.id)).toEqual(['new-open-port']);
  expect(opened(true)).toEqual([]);
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

  test('a value cannot end the string that contains it', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const [, quoted] = /^nmap\.site:(.*)$/s.exec(lucene(is('nmap.site', value))) ?? [];
        expect(quoted).toMatch(/^(?:[a-z0-9_.]+|"(?:[^"\\]|\\["\\])*")$/s);
      }),
    );
    expect(labelOf('nmap.site')).toBe('site');
  });
});

test('a host without a name is shown with its address once', () => {
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
  const plain = String.raw`reReplaceAll \`[^\pL\pN .:%/_-]\` "?"`.replaceAll('\\`', '`');
  expect(templatedSummary(rule)).toBe(
    `New host {{ ${plain} $labels.server_address }}{{ if and $labels.host_name (ne $labels.host_name $labels.server_address) }} ({{ ${plain} $labels.host_name }}){{ end }}`,
  );
});
