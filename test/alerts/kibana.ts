import { readFileSync } from 'node:fs';
import type { KibanaRuleParams } from '../../src/content/kibana-rules.ts';
import type { LensColumn } from '../../src/content/lens.ts';

/*
 * What Kibana makes of the rendered files, as far as the server sees it: there is no Kibana here. After
 * kibana: x-pack/platform/plugins/shared/lens (form-based to esaggs) and .../stack_alerts/server/rule_types/es_query.
 */

/** An Elasticsearch, or an OpenSearch. */
interface Server {
  ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: any }>;
}

export interface SavedObject {
  readonly type: string;
  readonly id: string;
  readonly attributes: any;
  readonly references: readonly { readonly type: string; readonly id: string; readonly name: string }[];
}

/** A panel of a rendered dashboard, with all that it stands on. */
export interface RenderedPanel {
  readonly dashboard: string;
  readonly id: string;
  readonly title: string;
  readonly type: string;
  readonly grid: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  /** `visualizationType` of a Lens panel. */
  readonly shape: string | undefined;
  readonly index: string;
  readonly timeField: string | undefined;
  readonly query: string;
  readonly columns: Readonly<Record<string, LensColumn>>;
  /** Of a list. */
  readonly fields: readonly string[];
  readonly sort: readonly (readonly [string, string])[];
}

export type Row = Readonly<Record<string, unknown>>;

export function readObjects(file = 'dashboards/elastic/portlog.ndjson'): readonly SavedObject[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as SavedObject);
}

export function panelsOf(objects: readonly SavedObject[]): readonly RenderedPanel[] {
  const find = (type: string, id: string): SavedObject => {
    const found = objects.find((one) => one.type === type && one.id === id);
    if (found === undefined) throw new Error(`no ${type} ${id} in the file`);
    return found;
  };
  const target = (holder: Pick<SavedObject, 'references'>, name: string): SavedObject => {
    const reference = holder.references.find((one) => one.name === name);
    if (reference === undefined) throw new Error(`no reference ${name}`);
    return find(reference.type, reference.id);
  };
  return objects
    .filter(({ type }) => type === 'dashboard')
    .flatMap((board) =>
      (JSON.parse(board.attributes.panelsJSON) as any[]).flatMap((panel) => {
        const base = { dashboard: board.id, id: panel.panelIndex, title: panel.title, type: panel.type, grid: panel.gridData };
        if (panel.type === 'visualization') return [];
        if (panel.type === 'search') {
          const search = target(board, `${panel.panelIndex}:${panel.panelRefName}`);
          const source = JSON.parse(search.attributes.kibanaSavedObjectMeta.searchSourceJSON);
          const view = target(search, source.indexRefName);
          const { columns, sort } = search.attributes;
          return [{ ...base, shape: undefined, ...viewOf(view), query: source.query.query, columns: {}, fields: columns, sort }];
        }
        const { attributes } = panel.embeddableConfig;
        const [[layer, { columns }]] = Object.entries<any>(attributes.state.datasourceStates.formBased.layers) as [[string, any]];
        const view = target(board, `${panel.panelIndex}:indexpattern-datasource-layer-${layer}`);
        target(attributes, `indexpattern-datasource-layer-${layer}`);
        return [
          { ...base, shape: attributes.visualizationType, ...viewOf(view), query: attributes.state.query.query, columns, fields: [], sort: [] },
        ];
      }),
    );
}

function viewOf({ attributes }: SavedObject): Pick<RenderedPanel, 'index' | 'timeField'> {
  return { index: attributes.title, timeField: attributes.timeFieldName };
}

/** The rows that a panel shows. `filter`: what a control at the head of the dashboard adds; days: the time range. */
export async function rowsOf(server: Server, panel: RenderedPanel, filter: string, days: number): Promise<readonly Row[]> {
  const must: object[] = [{ query_string: { query: panel.query } }, { query_string: { query: filter } }];
  if (panel.timeField !== undefined) must.push({ range: { [panel.timeField]: { gte: `now-${days}d`, lte: 'now' } } });
  const query = { bool: { filter: must } };
  if (panel.type === 'search') {
    const body = {
      size: 100,
      query,
      sort: panel.sort.map(([field, order]) => ({ [field]: { order, unmapped_type: 'date' } })),
      _source: panel.fields,
    };
    const hits = (await search(server, panel.index, body)).hits.hits as { _source: Row }[];
    return hits.map(({ _source }) => Object.fromEntries(panel.fields.map((field) => [field, valueAt(_source, field)])));
  }
  const buckets = Object.entries(panel.columns).filter(([, { isBucketed }]) => isBucketed);
  const metrics = Object.entries(panel.columns).filter(([, { isBucketed }]) => !isBucketed);
  const answer = await search(server, panel.index, { size: 0, track_total_hits: true, query, aggs: aggregations(buckets, metrics) });
  return rows(buckets, metrics, { ...answer.aggregations, doc_count: answer.hits.total.value });
}

async function search(server: Server, index: string, body: object): Promise<any> {
  const { status, body: answer } = await server.ask('POST', `/${index}/_search`, body);
  if (status !== 200) throw new Error(`${status}: ${JSON.stringify(answer)}`);
  return answer;
}

type Columns = readonly (readonly [string, LensColumn])[];

function aggregations(buckets: Columns, metrics: Columns): object {
  const [first, ...others] = buckets;
  if (first === undefined) return Object.fromEntries(metrics.flatMap(([id, column]) => metric(column).map((one) => [id, one])));
  const [id, column] = first;
  const { orderAgg } = column.params as { orderAgg?: LensColumn };
  const rank = orderAgg === undefined ? {} : { [RANK]: metric(orderAgg)[0] };
  const inner = { ...aggregations(others, metrics), ...rank };
  return { [id]: { ...bucket(column, metrics), aggs: inner } };
}

/** What orders groups and is not shown. */
const RANK = 'rank';

function bucket({ operationType, sourceField: field, params }: LensColumn, metrics: Columns): object {
  const given = params as any;
  if (operationType === 'date_histogram')
    return {
      date_histogram: { field, ...(/^1?w$/.test(given.interval) ? { calendar_interval: 'week' } : { fixed_interval: '1d' }), min_doc_count: 1 },
    };
  if (operationType === 'filters')
    return {
      filters: { filters: Object.fromEntries(given.filters.map(({ label, input }: any) => [label, { query_string: { query: input.query } }])) },
    };
  if (given.orderBy.type === 'custom') return { terms: { field, size: given.size, order: { [RANK]: given.orderDirection } } };
  const by =
    given.orderBy.type === 'alphabetical'
      ? '_key'
      : metrics.find(([id, column]) => id === given.orderBy.columnId && column.operationType !== 'count')?.[0];
  return { terms: { field, size: given.size, order: { [by ?? '_count']: given.orderDirection } } };
}

function metric({ operationType, sourceField: field, params }: LensColumn): readonly object[] {
  if (operationType === 'count') return [];
  if (operationType === 'unique_count') return [{ cardinality: { field } }];
  if (operationType !== 'last_value') return [{ [operationType]: { field } }];
  const { sortField } = params as any;
  return [{ top_hits: { size: 1, _source: [field], sort: [{ [sortField]: { order: 'desc', unmapped_type: 'date' } }] } }];
}

function rows(buckets: Columns, metrics: Columns, answer: any): readonly Row[] {
  const [first, ...others] = buckets;
  if (first === undefined) return [Object.fromEntries(metrics.map(([id, column]) => [column.label, valueOf(column, answer[id], answer.doc_count)]))];
  const [id, { label }] = first;
  const found = answer[id].buckets;
  const list: [string, any][] = Array.isArray(found) ? found.map((one) => [one.key_as_string ?? one.key, one]) : Object.entries(found);
  return list.flatMap(([key, one]) => rows(others, metrics, one).map((row) => ({ [label]: key, ...row })));
}

function valueOf({ operationType, sourceField = '' }: LensColumn, answer: any, count: number): unknown {
  if (operationType === 'count') return count;
  if (operationType !== 'last_value') return answer.value_as_string ?? answer.value;
  return valueAt(answer.hits.hits[0]?._source ?? {}, sourceField);
}

function valueAt(source: Row, field: string): unknown {
  return field.split('.').reduce<any>((value, name) => value?.[name], source);
}

/** The groups for which a rule fires, each as its values by field; `now` in epoch milliseconds. */
export async function firing(server: Server, params: KibanaRuleParams, now: number): Promise<readonly Row[]> {
  const from = now - params.timeWindowSize * 3_600_000;
  const window = { range: { [params.timeField]: { gte: from, lte: now, format: 'epoch_millis' } } };
  const query = { bool: { filter: [window, JSON.parse(params.esQuery).query] } };
  const [limit] = params.threshold;
  const isMet = (count: number): boolean => (params.thresholdComparator === '<' ? count < limit : count > limit);
  const index = params.index.join(',');
  if (params.groupBy === 'all') {
    const { hits } = await search(server, index, { size: params.size, track_total_hits: true, query });
    return isMet(hits.total.value) ? [{}] : [];
  }
  // Kibana asks with multi_terms, which leaves out what lacks a field, as this does; the server here has no multi_terms.
  const fields = [params.termField ?? []].flat();
  const sources = fields.map((field) => ({ [field]: { terms: { field } } }));
  const { aggregations: found } = await search(server, index, { size: 0, query, aggs: { groups: { composite: { size: 10_000, sources } } } });
  return (found.groups.buckets as { key: Row; doc_count: number }[]).filter(({ doc_count: count }) => isMet(count)).map(({ key }) => key);
}
