import { is } from '../alert/filter.ts';
import { hasLevels, LEVEL_COLOURS, LEVELS, numberedLevel, rankOf } from './levels.ts';
import { lucene } from './lucene.ts';
import { type Measure, titleOf, type View } from './panel.ts';

/**
 * `visState` of a visualisation of OpenSearch Dashboards, which was forked from Kibana 7.10 and has no Lens. Its form is
 * nowhere specified: it follows what OpenSearch Dashboards exports.
 */
export interface VisState {
  readonly title: string;
  readonly type: 'metric' | 'histogram' | 'horizontal_bar' | 'pie' | 'table' | 'markdown' | 'input_control_vis';
  readonly aggs: readonly Aggregation[];
  readonly params: Readonly<Record<string, unknown>>;
}

interface Aggregation {
  readonly id: string;
  readonly enabled: true;
  readonly type: 'count' | 'cardinality' | 'sum' | 'max' | 'top_hits' | 'terms' | 'date_histogram' | 'filters';
  readonly schema: 'metric' | 'segment' | 'group' | 'bucket';
  readonly params: Readonly<Record<string, unknown>>;
}

/** The time fields of the index. */
export interface TimeFields {
  readonly newest: string;
  readonly time: string;
}

/** The visualisation of a view; a list is a saved search instead. */
export function visState(title: string, view: Exclude<View, { kind: 'list' }>, times: TimeFields): VisState {
  const value = (of: Measure): Aggregation => metric(1, of, times);
  switch (view.kind) {
    case 'number':
      return { title, type: 'metric', aggs: [metric(1, view.column.of, times, view.column.title)], params: NUMBER };
    case 'timeline': {
      const aggs = [value(view.of), timeHistogram(times.time, 'auto'), terms(3, 'group', view.by, { size: 10 })];
      return { title, type: 'histogram', aggs, params: axes('stacked', 'bottom', titleOf(view.of)) };
    }
    case 'bars': {
      const aggs = [value(view.of), terms(2, hasLevels(view.by) ? 'group' : 'segment', view.by, { size: view.top })];
      return { title, type: 'horizontal_bar', aggs, params: axes(hasLevels(view.by) ? 'stacked' : 'normal', 'left', titleOf(view.of)) };
    }
    case 'share':
      return { title, type: 'pie', aggs: [value(view.of), terms(2, 'segment', view.by, { size: view.top })], params: PIE };
    case 'steps':
      return { title, type: 'histogram', aggs: [value({ count: true }), filters(view)], params: COUNTS };
    case 'ahead':
      return { title, type: 'histogram', aggs: [value({ count: true }), timeHistogram(view.date, 'w')], params: COUNTS };
    case 'table':
      return { title, type: 'table', aggs: tableAggregations(view, times), params: TABLE };
  }
}

function tableAggregations({ by, columns, top, rank }: Extract<View, { kind: 'table' }>, times: TimeFields): readonly Aggregation[] {
  const metrics = columns.map((column, i) => metric(i + 2, column.of, times, column.title));
  const orderBy = metrics.find(({ type }) => type !== 'top_hits')?.id ?? '_key';
  return [...metrics, terms(1, 'bucket', by.field, { size: top, orderBy, rank, label: by.title })];
}

function metric(id: number, of: Measure, times: TimeFields, customLabel = titleOf(of)): Aggregation {
  const base = { id: String(id), enabled: true, schema: 'metric' } as const;
  if ('count' in of) return { ...base, type: 'count', params: { customLabel } };
  if ('distinct' in of) return { ...base, type: 'cardinality', params: { field: of.distinct, customLabel } };
  if ('sum' in of) return { ...base, type: 'sum', params: { field: of.sum, customLabel } };
  if ('largest' in of) return { ...base, type: 'max', params: { field: of.largest, customLabel } };
  // The newest time is the largest, and is shown as a time.
  if (of.latest === times.newest) return { ...base, type: 'max', params: { field: of.latest, customLabel } };
  const newest = { aggregate: 'concat', size: 1, sortField: times.newest, sortOrder: 'desc' };
  return { ...base, type: 'top_hits', params: { field: of.latest, ...newest, customLabel } };
}

/** Colours, in the form in which the legend stores chosen ones; `uiStateJSON` of a visualisation. */
export function uiState(view: View): object {
  if (!('by' in view) || typeof view.by !== 'string' || !hasLevels(view.by)) return {};
  const isRanked = rankOf(view.by) !== undefined;
  return { vis: { colors: isRanked ? LEVEL_COLOURS : Object.fromEntries(LEVELS.map((level) => [numberedLevel(level), LEVEL_COLOURS[level]])) } };
}

interface Terms {
  readonly size: number;
  /** The id of a metric, or `_key`, by name. */
  readonly orderBy?: string;
  /** A numeric field to sort by instead. */
  readonly rank?: string | undefined;
  readonly label?: string;
}

function terms(
  id: number,
  schema: Aggregation['schema'],
  field: string,
  { size, orderBy = '1', rank = rankOf(field), label: customLabel = field }: Terms,
): Aggregation {
  if (rank === undefined && hasLevels(field)) return levelFilters(id, schema, field);
  const others = { otherBucket: false, otherBucketLabel: 'Other', missingBucket: false, missingBucketLabel: 'Missing' };
  const ranked = rank === undefined ? { orderBy } : { orderBy: 'custom', orderAgg: rankAggregation(id, rank) };
  const params = { field, ...ranked, order: orderBy === '_key' && rank === undefined ? 'asc' : 'desc', size, ...others, customLabel };
  return { id: String(id), enabled: true, type: 'terms', schema, params };
}

function rankAggregation(id: number, field: string): object {
  return { id: `${id}-orderAgg`, enabled: true, type: 'max', schema: 'orderAgg', params: { field } };
}

function timeHistogram(field: string, interval: 'auto' | 'w'): Aggregation {
  const params = { field, interval, min_doc_count: 1, drop_partials: false, scaleMetricValues: false, extended_bounds: {} };
  return { id: '2', enabled: true, type: 'date_histogram', schema: 'segment', params };
}

/** One filter per level, in the order of levels, for stores where no number sorts them. */
function levelFilters(id: number, schema: Aggregation['schema'], field: string): Aggregation {
  const list = LEVELS.map((level) => ({ input: { query: lucene(is(field, level)), language: 'lucene' }, label: numberedLevel(level) }));
  return { id: String(id), enabled: true, type: 'filters', schema, params: { filters: list } };
}

function filters({ steps }: Extract<View, { kind: 'steps' }>): Aggregation {
  const list = steps.map(({ title, where }) => ({ input: { query: lucene(where), language: 'lucene' }, label: title }));
  return { id: '2', enabled: true, type: 'filters', schema: 'segment', params: { filters: list } };
}

const NUMBER = {
  type: 'metric',
  addTooltip: true,
  addLegend: false,
  metric: {
    percentageMode: false,
    useRanges: false,
    colorSchema: 'Green to Red',
    metricColorMode: 'None',
    colorsRange: [{ from: 0, to: 10_000 }],
    labels: { show: false },
    invertColors: false,
    style: { bgFill: '#000', bgColor: false, labelColor: false, subText: '', fontSize: 36 },
  },
};
const PIE = {
  type: 'pie',
  addTooltip: true,
  addLegend: true,
  legendPosition: 'right',
  isDonut: true,
  labels: { show: true, values: true, last_level: true, truncate: 100 },
};
const TABLE = {
  perPage: 10,
  showPartialRows: false,
  showMetricsAtAllLevels: false,
  sort: { columnIndex: null, direction: null },
  showTotal: false,
  totalFunc: 'sum',
  percentageCol: '',
};

/** `position`: of the axis with the groups. */
function axes(mode: 'stacked' | 'normal', position: 'bottom' | 'left', label: string): VisState['params'] {
  const axis = { show: true, style: {}, scale: { type: 'linear' } };
  return {
    type: 'histogram',
    grid: { categoryLines: false },
    categoryAxes: [{ ...axis, id: 'CategoryAxis-1', type: 'category', position, labels: { show: true, filter: false, truncate: 100 }, title: {} }],
    valueAxes: [
      {
        ...axis,
        id: 'ValueAxis-1',
        name: 'LeftAxis-1',
        type: 'value',
        position: position === 'left' ? 'bottom' : 'left',
        scale: { type: 'linear', mode: 'normal' },
        labels: { show: true, rotate: 0, filter: true, truncate: 100 },
        title: { text: '' },
      },
    ],
    seriesParams: [
      { show: true, type: 'histogram', mode, data: { label, id: '1' }, valueAxis: 'ValueAxis-1', drawLinesBetweenPoints: true, showCircles: true },
    ],
    addTooltip: true,
    addLegend: mode === 'stacked',
    legendPosition: 'right',
    times: [],
    addTimeMarker: false,
    labels: { show: mode === 'normal' },
    thresholdLine: { show: false, value: 10, width: 1, style: 'full', color: '#E7664C' },
  };
}

const COUNTS = axes('normal', 'bottom', 'Count');
