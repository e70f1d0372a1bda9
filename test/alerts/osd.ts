import { readFileSync } from 'node:fs';
import type { LensColumn } from '../../src/content/lens.ts';
import type { RenderedPanel } from './kibana.ts';

/*
 * What OpenSearch Dashboards makes of the rendered files, as far as the server sees it: there is none here. After
 * OpenSearch-Dashboards: src/plugins/data/common/search/aggs. The aggregations are put into the words of Lens, which
 * kibana.ts turns into searches: both come from the same code, before the fork and after it.
 */

export interface OsdSavedObject {
  readonly type: string;
  readonly id: string;
  readonly attributes: any;
  readonly references: readonly { readonly type: string; readonly id: string; readonly name: string }[];
  readonly migrationVersion: Readonly<Record<string, string>>;
}

export function readOsdObjects(file: string): readonly OsdSavedObject[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as OsdSavedObject);
}

/** Every panel but links and filters. */
export function osdPanelsOf(objects: readonly OsdSavedObject[]): readonly RenderedPanel[] {
  const target = (holder: OsdSavedObject, name: string): OsdSavedObject => {
    const reference = holder.references.find((one) => one.name === name);
    const found = objects.find(({ type, id }) => type === reference?.type && id === reference.id);
    if (found === undefined) throw new Error(`${holder.id}: the reference ${name} leads nowhere`);
    return found;
  };
  const patternOf = (holder: OsdSavedObject, name: string): Pick<RenderedPanel, 'index' | 'timeField'> => {
    const { title, timeFieldName } = target(holder, name).attributes;
    return { index: title, timeField: timeFieldName };
  };
  return objects
    .filter(({ type }) => type === 'dashboard')
    .flatMap((board) =>
      (JSON.parse(board.attributes.panelsJSON) as any[]).flatMap(({ panelIndex, panelRefName, gridData, title = '' }) => {
        const shown = target(board, panelRefName);
        const { attributes } = shown;
        const state = shown.type === 'search' ? undefined : JSON.parse(attributes.visState);
        if (state?.type === 'markdown') return [];
        if (state?.type === 'input_control_vis') {
          for (const { indexPatternRefName } of state.params.controls) patternOf(shown, indexPatternRefName);
          return [];
        }
        const source = JSON.parse(attributes.kibanaSavedObjectMeta.searchSourceJSON);
        const common = {
          dashboard: board.id,
          id: panelIndex,
          title,
          type: shown.type,
          grid: gridData,
          shape: state?.type,
          query: source.query.query,
          ...patternOf(shown, source.indexRefName),
        };
        if (state === undefined) return [{ ...common, columns: {}, fields: attributes.columns, sort: attributes.sort }];
        return [{ ...common, columns: Object.fromEntries(state.aggs.map((one: any) => [one.id, columnOf(one)])), fields: [], sort: [] }];
      }),
    );
}

const METRICS: Readonly<Record<string, string>> = { count: 'count', cardinality: 'unique_count', sum: 'sum', max: 'max', top_hits: 'last_value' };

function columnOf({ type, params }: any): LensColumn {
  const metric = METRICS[type];
  const base = { customLabel: true, dataType: 'string', scale: 'ordinal', sourceField: params.field } as const;
  if (metric !== undefined)
    return { ...base, label: params.customLabel, operationType: metric, isBucketed: false, params: { sortField: params.sortField } };
  const bucket = { ...base, isBucketed: true, operationType: type };
  if (type === 'date_histogram') return { ...bucket, label: params.field, params: { interval: params.interval } };
  if (type === 'filters') return { ...bucket, label: 'Filters', params };
  const orderBy = params.orderBy === '_key' ? { type: 'alphabetical' } : { type: 'column', columnId: params.orderBy };
  const ordered = params.orderBy === 'custom' ? { orderBy: { type: 'custom' }, orderAgg: columnOf(params.orderAgg) } : { orderBy };
  return { ...bucket, label: params.customLabel, params: { size: params.size, ...ordered, orderDirection: params.order } };
}
