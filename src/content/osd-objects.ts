import { type Dashboard, linksFrom, orderOf, type Panel, placed, type View, withoutTime } from './panel.ts';
import { type TimeFields, uiState, type VisState, visState } from './vis-state.ts';

/**
 * A saved object of OpenSearch Dashboards, a line of an export file. Dashboards refer to their panels, and those to an
 * index pattern: https://docs.opensearch.org/latest/dashboards/management/management-index/#saved-objects
 */
export interface OsdObject {
  readonly type: 'index-pattern' | 'visualization' | 'search' | 'dashboard';
  readonly id: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly references: readonly Reference[];
  readonly migrationVersion: Readonly<Record<string, string>>;
}

interface Reference {
  readonly type: OsdObject['type'];
  readonly id: string;
  readonly name: string;
}

/** A panel with the field names of one store. */
export interface OsdPanel extends Pick<Panel, 'id' | 'title' | 'about' | 'width' | 'height'> {
  /** The id of an index pattern. */
  readonly pattern: string;
  readonly lucene: string;
  readonly view: View;
  readonly times: TimeFields;
}

export interface OsdDashboard extends Omit<Dashboard, 'panels' | 'controls'> {
  readonly panels: readonly OsdPanel[];
  readonly controls: readonly OsdControl[];
}

/** A filter at the top of a dashboard. */
interface OsdControl {
  readonly pattern: string;
  readonly title: string;
  readonly field: string;
}

/** Versions of these forms in OpenSearch Dashboards 1 to 3. */
const VERSIONS: Readonly<Record<OsdObject['type'], string>> = {
  'index-pattern': '7.6.0',
  'visualization': '7.10.0',
  'search': '7.9.3',
  'dashboard': '7.9.3',
};
const SOURCE = 'kibanaSavedObjectMeta.searchSourceJSON.index';
const COLUMNS = 48;
const ROW = 1.5;
const HEAD_HEIGHT = 5;

export function osdObject(
  type: OsdObject['type'],
  id: string,
  attributes: OsdObject['attributes'],
  references: readonly Reference[] = [],
): OsdObject {
  return { type, id, attributes, references, migrationVersion: { [type]: VERSIONS[type] } };
}

/** Dashboards with all objects that they refer to, except the index patterns. */
export function osdDashboards(dashboards: readonly OsdDashboard[]): readonly OsdObject[] {
  return dashboards.flatMap((dashboard) => [
    ...heads(dashboard, dashboards),
    ...dashboard.panels.map((panel) => panelObject(dashboard, panel)),
    dashboardObject(dashboard),
  ]);
}

/** The first of them, which has no content of its own: set-up notes there what it has installed. */
export function firstLinks(dashboards: readonly Pick<Dashboard, 'id'>[]): string {
  return `${dashboards[0]?.id ?? ''}-links`;
}

function panelObject({ id }: OsdDashboard, { id: panel, title, about, pattern, lucene, view, times }: OsdPanel): OsdObject {
  const full = `[portlog] ${title}`;
  const source = { query: { query: lucene, language: 'lucene' }, filter: [], indexRefName: SOURCE };
  const common = { title: full, description: about, version: 1, kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify(source) } };
  const references: readonly Reference[] = [{ type: 'index-pattern', id: pattern, name: SOURCE }];
  if (view.kind === 'list') {
    const attributes = { ...common, hits: 0, columns: withoutTime(view.fields), sort: orderOf(view, times.newest) };
    return osdObject('search', `${id}-${panel}`, attributes, references);
  }
  const attributes = { ...common, visState: JSON.stringify(visState(full, view, times)), uiStateJSON: JSON.stringify(uiState(view)) };
  return osdObject('visualization', `${id}-${panel}`, attributes, references);
}

/** Links to the other dashboards, and filters. */
function heads(dashboard: OsdDashboard, dashboards: readonly OsdDashboard[]): readonly OsdObject[] {
  const empty = { searchSourceJSON: JSON.stringify({ query: { query: '', language: 'lucene' }, filter: [] }) };
  const about = (title: string, state: VisState): OsdObject['attributes'] => ({
    title: `[portlog] ${dashboard.title}: ${title}`,
    description: '',
    version: 1,
    visState: JSON.stringify(state),
    uiStateJSON: '{}',
    kibanaSavedObjectMeta: empty,
  });
  const markdown = { markdown: `${linksFrom(dashboard, dashboards)}\n\n${dashboard.about}`, fontSize: 12, openLinksInNewTab: false };
  const list = dashboard.controls.map(({ title, field }, i) => ({
    id: field,
    fieldName: field,
    parent: '',
    label: title,
    type: 'list',
    options: { type: 'terms', multiselect: true, dynamicOptions: true, size: 10, order: 'desc' },
    indexPatternRefName: `control_${i}_index_pattern`,
  }));
  const params = { controls: list, updateFiltersOnChange: true, useTimeFilter: false, pinFilters: false };
  const references = dashboard.controls.map(({ pattern: id }, i): Reference => ({ type: 'index-pattern', id, name: `control_${i}_index_pattern` }));
  return [
    osdObject('visualization', `${dashboard.id}-links`, about('links', { title: '', type: 'markdown', aggs: [], params: markdown })),
    osdObject('visualization', `${dashboard.id}-filters`, about('filters', { title: '', type: 'input_control_vis', aggs: [], params }), references),
  ];
}

/** A panel with its position. */
interface Box {
  readonly id: string;
  readonly type: 'search' | 'visualization';
  readonly title: string;
  readonly gridData: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
}

/** Links and filters at the top, then the panels. */
function boxesOf({ panels }: OsdDashboard): readonly Box[] {
  const row = (value: number): number => Math.round(value * ROW);
  const half = COLUMNS / 2;
  return [
    { id: 'links', type: 'visualization', title: '', gridData: { x: 0, y: 0, w: half, h: HEAD_HEIGHT } },
    { id: 'filters', type: 'visualization', title: '', gridData: { x: half, y: 0, w: half, h: HEAD_HEIGHT } },
    ...placed(panels).map(({ panel, x, y }): Box => ({
      id: panel.id,
      type: panel.view.kind === 'list' ? 'search' : 'visualization',
      title: panel.title,
      gridData: { x: x * 2, y: HEAD_HEIGHT + row(y), w: panel.width * 2, h: row(y + panel.height) - row(y) },
    })),
  ];
}

function dashboardObject(dashboard: OsdDashboard): OsdObject {
  const { id, title, about, days } = dashboard;
  const boxes = boxesOf(dashboard);
  const panelsJSON = boxes.map((box, i) => ({
    version: VERSIONS.dashboard,
    panelIndex: box.id,
    gridData: { ...box.gridData, i: box.id },
    ...(box.title === '' ? { embeddableConfig: { hidePanelTitles: true } } : { title: box.title, embeddableConfig: {} }),
    panelRefName: `panel_${i}`,
  }));
  const attributes = {
    title: `[portlog] ${title}`,
    hits: 0,
    description: about,
    panelsJSON: JSON.stringify(panelsJSON),
    optionsJSON: JSON.stringify({ hidePanelTitles: false, useMargins: true }),
    version: 1,
    timeRestore: true,
    timeFrom: `now-${days}d`,
    timeTo: 'now',
    kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify({ query: { query: '', language: 'lucene' }, filter: [] }) },
  };
  const references = boxes.map((box, i): Reference => ({ type: box.type, id: `${id}-${box.id}`, name: `panel_${i}` }));
  return osdObject('dashboard', id, attributes, references);
}
