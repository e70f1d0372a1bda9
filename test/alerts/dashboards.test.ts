import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DASHBOARDS } from '../../src/content/dashboards.ts';
import { LEVEL_COLOURS, LEVELS, rankOf } from '../../src/content/levels.ts';
import { ROOT } from '../support/run-portlog.ts';
import { readDashboards } from './grafana.ts';
import { readObjects } from './kibana.ts';
import { readOsdObjects } from './osd.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Every panel in the words of Lens: its columns, and where its colours are. */
function lensPanels(): readonly { readonly id: string; readonly columns: any; readonly visualization: any }[] {
  return readObjects()
    .filter(({ type }) => type === 'dashboard')
    .flatMap(({ id, attributes }) =>
      (JSON.parse(attributes.panelsJSON) as any[])
        .filter(({ type }) => type === 'lens')
        .map(({ panelIndex, embeddableConfig: { attributes: lens } }) => ({
          id: `${id} ${panelIndex}`,
          columns: lens.state.datasourceStates.formBased.layers.layer.columns,
          visualization: lens.state.visualization,
        })),
    );
}

describe('severities have the same order and colours', () => {
  test('in Kibana', () => {
    const byLevel = lensPanels().filter(({ columns }) => rankOf(columns.group?.sourceField ?? '') !== undefined);
    expect(byLevel.length).toBeGreaterThanOrEqual(4);
    for (const { id, columns, visualization } of byLevel) {
      const { sourceField, params } = columns.group;
      expect([params.orderBy.type, params.orderAgg.sourceField, params.orderDirection], id).toEqual(['custom', rankOf(sourceField), 'desc']);
      const [{ colorMapping }] = visualization.layers;
      const colours = colorMapping.assignments.map(({ rule, color }: any) => [rule.values[0], color.colorCode]);
      expect(Object.fromEntries(colours), id).toEqual(LEVEL_COLOURS);
    }
  });

  test('in the dashboards of wazuh, which stores words, so that filters order them', () => {
    const objects = readOsdObjects(join(ROOT, 'dashboards/wazuh/portlog.ndjson')).filter(({ type }) => type === 'visualization');
    let seen = 0;
    for (const { id, attributes } of objects) {
      const { type, aggs } = JSON.parse(attributes.visState);
      expect(
        aggs.some(({ type: kind, params }: any) => kind === 'terms' && params.field === 'data.nmap.level'),
        id,
      ).toBe(false);
      const levels = aggs.find((one: any) => one.type === 'filters');
      if (levels === undefined) continue;
      seen++;
      expect(type, id).not.toBe('table');
      expect(
        levels.params.filters.map(({ label, input }: any) => [label, input.query]),
        id,
      ).toEqual(LEVELS.map((level, i) => [`${i + 1} ${level}`, `data.nmap.level:${level}`]));
      const colours = Object.fromEntries(LEVELS.map((level, i) => [`${i + 1} ${level}`, LEVEL_COLOURS[level]]));
      expect(JSON.parse(attributes.uiStateJSON), id).toEqual({ vis: { colors: colours } });
    }
    expect(seen).toBeGreaterThanOrEqual(3);
  });

  test('in the dashboards of opensearch', () => {
    const objects = readOsdObjects(join(ROOT, 'dashboards/opensearch/portlog.ndjson')).filter(({ type }) => type === 'visualization');
    let seen = 0;
    for (const { id, attributes } of objects) {
      const { type, aggs } = JSON.parse(attributes.visState);
      const group = aggs.find(({ params }: any) => rankOf(params.field) !== undefined && params.size !== undefined);
      if (group === undefined || type === 'table') continue;
      seen++;
      expect([group.params.orderBy, group.params.orderAgg.params.field, group.params.order], id).toEqual([
        'custom',
        rankOf(group.params.field),
        'desc',
      ]);
      expect(JSON.parse(attributes.uiStateJSON), id).toEqual({ vis: { colors: LEVEL_COLOURS } });
    }
    expect(seen).toBeGreaterThanOrEqual(3);
  });

  test('in Grafana: a query a level, and a colour by its name', () => {
    const byLevel = readDashboards().flatMap(({ panels }) => panels.filter(({ targets }: any) => targets[0].legendFormat === 'critical'));
    expect(byLevel.length).toBeGreaterThanOrEqual(4);
    for (const { title, targets, fieldConfig } of byLevel) {
      expect(
        targets.map(({ legendFormat }: any) => legendFormat),
        title,
      ).toEqual(LEVELS);
      const colours = fieldConfig.overrides.map(({ matcher, properties }: any) => [matcher.options, properties[0].value.fixedColor]);
      expect(Object.fromEntries(colours), title).toEqual(LEVEL_COLOURS);
    }
  });

  test('in tables, and those of the report', () => {
    for (const { title, fieldConfig } of readDashboards().flatMap(({ panels }) => panels.filter(({ type }: any) => type === 'table'))) {
      const override = fieldConfig.overrides?.find(({ matcher }: any) => matcher.options === 'severity');
      if (override === undefined) continue;
      const options = override.properties.find(({ id }: any) => id === 'mappings').value[0].options;
      expect(Object.fromEntries(LEVELS.map((level) => [level, options[level].color])), title).toEqual(LEVEL_COLOURS);
    }
    for (const [level, colour] of Object.entries(LEVEL_COLOURS)) expect(read('report/page.css')).toContain(`--${level}: ${colour};`);
  });
});

describe('an address leads to the dashboard of its host', () => {
  // In Kibana, OpenSearch Dashboards and Wazuh: links.test.ts.
  test('in every table of Grafana that has one', () => {
    let seen = 0;
    for (const { title, fieldConfig, transformations } of readDashboards().flatMap(({ panels }) =>
      panels.filter(({ type }: any) => type === 'table'),
    )) {
      const { renameByName } = transformations.find(({ id }: any) => id === 'organize').options;
      if (!Object.values(renameByName).includes('host')) continue;
      seen++;
      const { properties } = fieldConfig.overrides.find(({ matcher }: any) => matcher.options === 'host');
      expect(properties[0].value[0].url, title).toBe('/d/portlog-host?var-address=${__value.text}');
    }
    expect(seen).toBeGreaterThanOrEqual(6);
  });
});

describe('nothing is listed twice because two scans have seen it', () => {
  /** Events that say the same again in each scan. */
  const REPEATED: ReadonlySet<string> = new Set(['nmap.host', 'nmap.port', 'nmap.finding']);
  const panels = DASHBOARDS.flatMap(({ id, panels: all }) => all.map((panel) => ({ ...panel, id: `${id} ${panel.id}` })));

  test('Kibana and OpenSearch Dashboards read the inventory; of events that repeat, each thing counts once', () => {
    for (const { id, query } of panels.filter(({ query: { from } }) => REPEATED.has(from))) {
      expect(query.view.kind, id).toBe('timeline');
      expect(query.view, id).toMatchObject({ of: { distinct: expect.any(String) } });
    }
  });

  test('Grafana takes the last scan of each site, or the newest of each thing; over time, each once', () => {
    const asked = panels
      .map(({ id, query, withoutInventory = query }) => ({ id, query: withoutInventory }))
      .filter(({ query }) => REPEATED.has(query.from));
    expect(asked.length).toBeGreaterThan(15);
    for (const { id, query } of asked) {
      if (query.lastScan === true || query.newestUntil !== undefined) continue;
      expect(query.view, id).toMatchObject(
        query.view.kind === 'number' ? { column: { of: { latest: '@timestamp' } } } : { of: { distinct: expect.any(String) } },
      );
    }
  });
});

test('over the stories, no panel is empty in any target', () => {
  const headings = ['kibana', 'wazuh'].flatMap((target) =>
    read(`test/alerts/headquarters.${target}.txt`)
      .split('\n')
      .filter((line) => line.startsWith('# ')),
  );
  expect(headings.length).toBeGreaterThan(40);
  expect(headings.filter((line) => line.endsWith('(0)'))).toEqual([]);
  const shown = read('test/alerts/headquarters.grafana.txt').split('\n');
  const panels = new Map<string, number>();
  let panel = '';
  for (const line of shown) {
    if (line.startsWith('# ')) panel = line.slice(2).replace(/ (?:\{\{.*|critical|high|medium|low|info)?(?: ?\(\d+\))?$/, '');
    panels.set(panel, (panels.get(panel) ?? 0) + (line.startsWith('{') ? 1 : 0));
  }
  expect([...panels].filter(([, rows]) => rows === 0)).toEqual([]);
  for (const { id } of DASHBOARDS) expect([...panels.keys()].some((name) => name.startsWith(id))).toBe(true);
});
