import { INVENTORY } from '../event/event.ts';
import { LAYER, lensState } from './lens.ts';
import type { ContentOptions } from './options.ts';
import { EVENTS, fieldFormats, fieldNames, KNOWN, patterns } from './data-views.ts';
import { type Control, type Dashboard, linksFrom, luceneOf, newestBy, orderOf, type Placed, placed, type Query, withoutTime } from './panel.ts';
import { DASHBOARDS } from './dashboards.ts';

/** A saved object, a line of an export file: https://www.elastic.co/docs/extend/kibana/saved-objects/export */
export interface SavedObject {
  readonly type: 'index-pattern' | 'dashboard' | 'search' | 'tag';
  readonly id: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly references: readonly Reference[];
  readonly coreMigrationVersion: string;
  readonly typeMigrationVersion: string;
  readonly managed: false;
}

interface Reference {
  readonly type: SavedObject['type'];
  readonly id: string;
  readonly name: string;
}

/** Kibana's own versions of these forms: the oldest that 8.19 and 9 both take and bring up to date. */
const VERSIONS: Readonly<Record<SavedObject['type'], string>> = {
  'index-pattern': '8.0.0',
  'search': '8.0.0',
  'tag': '8.0.0',
  'dashboard': '10.2.0',
};
export const TAG = 'portlog';
export const TAG_ABOUT = 'nmap scans, by portlog';
const COLUMNS = 48;
/** Kibana's rows are lower than those of the catalogue. */
const ROW = 1.5;
const NAVIGATION_HEIGHT = 3;

/** Data views, searches and dashboards, as `POST /api/saved_objects/_import` takes them. */
export function kibanaObjects(options: ContentOptions): readonly SavedObject[] {
  const known = patterns(options);
  const shown = { fieldFormatMap: fieldFormats(), fieldAttrs: fieldNames(), allowNoIndex: true };
  return [
    object('tag', TAG, { name: 'portlog', description: TAG_ABOUT, color: '#54B399' }),
    object('index-pattern', EVENTS, { ...known[EVENTS], name: 'portlog: events', ...shown }),
    object('index-pattern', KNOWN, { ...known[KNOWN], name: 'portlog: inventory', ...shown }),
    ...DASHBOARDS.flatMap(searches),
    ...DASHBOARDS.map(dashboard),
  ];
}

function object(type: SavedObject['type'], id: string, attributes: SavedObject['attributes'], references: readonly Reference[] = []): SavedObject {
  return { type, id, attributes, references, coreMigrationVersion: '8.8.0', typeMigrationVersion: VERSIONS[type], managed: false };
}

function searches({ id, panels }: Dashboard): readonly SavedObject[] {
  return panels.flatMap(({ id: panel, title, about, query }) => {
    const { view } = query;
    if (view.kind !== 'list') return [];
    const name = 'kibanaSavedObjectMeta.searchSourceJSON.index';
    const attributes = {
      title: `[portlog] ${title}`,
      description: about,
      columns: withoutTime(view.fields),
      sort: orderOf(view, newestBy(query)),
      grid: {},
      hideChart: true,
      isTextBasedQuery: false,
      timeRestore: false,
      kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify({ query: queryOf(query), filter: [], indexRefName: name }) },
    };
    return [object('search', `${id}-${panel}`, attributes, [dataView(query, name), TAGGED])];
  });
}

const TAGGED: Reference = { type: 'tag', id: TAG, name: 'tag-ref-portlog' };

function dashboard(one: Dashboard): SavedObject {
  const places = placed(one.panels);
  const panels = [navigation(one), ...places.map((place) => panel(place))];
  const attributes = {
    title: `[portlog] ${one.title}`,
    description: one.about,
    version: 1,
    timeRestore: true,
    timeFrom: `now-${one.days}d`,
    timeTo: 'now',
    optionsJSON: JSON.stringify({ useMargins: true, syncColors: true, syncCursor: true, syncTooltips: false, hidePanelTitles: false }),
    panelsJSON: JSON.stringify(panels),
    controlGroupInput: controls(one.controls),
    kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify({ query: { language: 'lucene', query: '' }, filter: [] }) },
  };
  const references = places.map(({ panel: { id, query } }): Reference =>
    query.view.kind === 'list'
      ? { type: 'search', id: `${one.id}-${id}`, name: `${id}:panel_${id}` }
      : dataView(query, `${id}:indexpattern-datasource-layer-${LAYER}`),
  );
  const controlled = one.controls.map(({ field, from }): Reference => ({
    type: 'index-pattern',
    id: from === 'events' ? EVENTS : KNOWN,
    name: `controlGroup_${field}:optionsListDataView`,
  }));
  return object('dashboard', one.id, attributes, [...references, ...controlled, TAGGED]);
}

/** Links to the others. */
function navigation(one: Dashboard): object {
  const savedVis = {
    type: 'markdown',
    title: '',
    description: '',
    params: { markdown: `${linksFrom(one, DASHBOARDS)}\n\n${one.about}`, fontSize: 12, openLinksInNewTab: false },
    uiState: {},
    data: { aggs: [], searchSource: { query: { language: 'lucene', query: '' }, filter: [] } },
  };
  const gridData = { x: 0, y: 0, w: COLUMNS, h: NAVIGATION_HEIGHT, i: 'navigation' };
  return { type: 'visualization', panelIndex: 'navigation', gridData, embeddableConfig: { savedVis, hidePanelTitles: true } };
}

function panel({ panel: { id, title, about, query, width, height }, x, y }: Placed): object {
  const row = (value: number): number => Math.round(value * ROW);
  const gridData = { x: x * 2, y: NAVIGATION_HEIGHT + row(y), w: width * 2, h: row(y + height) - row(y), i: id };
  const frame = { panelIndex: id, gridData, title };
  if (query.view.kind === 'list') return { ...frame, type: 'search', panelRefName: `panel_${id}`, embeddableConfig: { description: about } };
  const { visualizationType, visualization, columns, columnOrder } = lensState(query.view, newestBy(query));
  const attributes = {
    title,
    description: about,
    type: 'lens',
    visualizationType,
    references: [dataView(query, `indexpattern-datasource-layer-${LAYER}`)],
    state: {
      visualization,
      query: queryOf(query),
      filters: [],
      datasourceStates: { formBased: { layers: { [LAYER]: { columnOrder, columns, incompleteColumns: {}, sampling: 1 } } } },
      internalReferences: [],
      adHocDataViews: {},
    },
  };
  return { ...frame, type: 'lens', embeddableConfig: { attributes, description: about, enhancements: {}, syncColors: true } };
}

function dataView({ from }: Query, name: string): Reference {
  return { type: 'index-pattern', id: from === INVENTORY ? KNOWN : EVENTS, name };
}

function queryOf(query: Query): object {
  return { language: 'lucene', query: luceneOf(query) };
}

function controls(all: readonly Control[]): object {
  const panels = all.map(({ title, field: fieldName }, order) => [
    fieldName,
    {
      order,
      width: 'small',
      grow: true,
      type: 'optionsListControl',
      explicitInput: { id: fieldName, fieldName, title, selectedOptions: [], enhancements: {}, singleSelect: false },
    },
  ]);
  return {
    chainingSystem: 'HIERARCHICAL',
    controlStyle: 'oneLine',
    ignoreParentSettingsJSON: JSON.stringify({ ignoreFilters: false, ignoreQuery: false, ignoreTimerange: false, ignoreValidations: false }),
    panelsJSON: JSON.stringify(Object.fromEntries(panels)),
    showApplySelections: false,
  };
}
