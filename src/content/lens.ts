import { FIELDS } from '../event/fields.ts';
import { LEVEL_COLOURS, LEVELS, rankOf } from './levels.ts';
import { lucene } from './lucene.ts';
import { type Measure, titleOf, type View } from './panel.ts';

/**
 * The state of a Lens visualisation, form-based. Its form is Kibana's own and nowhere specified: it follows
 * what Kibana 8.19 and 9 export, as in the packages of https://github.com/elastic/integrations.
 */
export interface LensState {
  readonly visualizationType: string;
  readonly visualization: object;
  readonly columns: Readonly<Record<string, LensColumn>>;
  readonly columnOrder: readonly string[];
}

export interface LensColumn {
  readonly label: string;
  readonly customLabel: true;
  readonly dataType: 'number' | 'string' | 'date' | 'boolean' | 'ip';
  readonly operationType: string;
  readonly isBucketed: boolean;
  readonly scale: 'ratio' | 'ordinal' | 'interval';
  readonly sourceField?: string;
  readonly params: object;
}

/** The one layer that each of our visualisations has. */
export const LAYER = 'layer';
const TIME = '@timestamp';
const LAYER_OF = { layerId: LAYER, layerType: 'data' };

/** The visualisation of a view; a list is a saved search instead. */
export function lensState(view: Exclude<View, { kind: 'list' }>, newest: string): LensState {
  const value = (of: Measure, title = titleOf(of)): LensColumn => measured(title, of, newest);
  switch (view.kind) {
    case 'number':
      return state('lnsMetric', { ...LAYER_OF, metricAccessor: 'value' }, { value: value(view.column.of, view.column.title) });
    case 'timeline': {
      const columns = { time: times(TIME, 'auto'), group: terms(view.by, 10), value: value(view.of) };
      return state('lnsXY', xy('bar_stacked', 'time', view.by), columns);
    }
    case 'bars':
      return state('lnsXY', bars(view.by), { group: terms(view.by, view.top), value: value(view.of) });
    case 'share':
      return state('lnsPie', donut(view.by), { group: terms(view.by, view.top), value: value(view.of) });
    case 'steps':
      return state('lnsXY', xy('bar', 'group'), { group: filters(view), value: value({ count: true }) });
    case 'ahead':
      return state('lnsXY', xy('bar', 'time'), { time: times(view.date, '1w'), value: value({ count: true }) });
    case 'table':
      return tableState(view, newest);
  }
}

function state(visualizationType: string, visualization: object, columns: LensState['columns']): LensState {
  return { visualizationType, visualization, columns, columnOrder: Object.keys(columns) };
}

function tableState({ by, columns, top, rank }: Extract<View, { kind: 'table' }>, newest: string): LensState {
  const values = columns.map(({ title, of }, i) => [`value${i}`, measured(title, of, newest)] as const);
  const sortBy = values.find(([, { operationType }]) => operationType !== 'last_value')?.[0];
  const visualization = {
    ...LAYER_OF,
    columns: ['group', ...values.map(([id]) => id)].map((columnId) => ({ columnId })),
    paging: { size: 10, enabled: true },
  };
  const group = { ...terms(by.field, top, sortBy, rank), label: by.title };
  return state('lnsDatatable', visualization, { group, ...Object.fromEntries(values) });
}

/** Only series can have the colours of levels. */
function bars(field: string): object {
  return rankOf(field) === undefined ? xy('bar_horizontal', 'group') : xy('bar_horizontal_stacked', undefined, field);
}

function donut(field: string): object {
  return { shape: 'donut', layers: [{ ...LAYER_OF, primaryGroups: ['group'], metrics: ['value'], ...PIE, ...colours(field) }] };
}

const PIE = { numberDisplay: 'value', categoryDisplay: 'default', legendDisplay: 'default', nestedLegend: false };

function times(field: string, interval: 'auto' | '1w'): LensColumn {
  return {
    label: field,
    customLabel: true,
    dataType: 'date',
    operationType: 'date_histogram',
    isBucketed: true,
    scale: 'interval',
    sourceField: field,
    params: { interval, includeEmptyRows: true, dropPartials: false },
  };
}

/** Colours of levels, by their names; anything else is coloured in turn. */
function colours(field: string): object {
  if (rankOf(field) === undefined) return {};
  const assignments = LEVELS.map((level) => ({
    rule: { type: 'matchExactly', values: [level] },
    color: { type: 'colorCode', colorCode: LEVEL_COLOURS[level] },
    touched: true,
  }));
  const specialAssignments = [{ rule: { type: 'other' }, color: { type: 'loop' }, touched: false }];
  return { colorMapping: { assignments, specialAssignments, paletteId: 'default', colorMode: { type: 'categorical' } } };
}

/** `series`: the field that divides each group into series, in the column `group`. */
function xy(seriesType: string, xAccessor: string | undefined, series?: string): object {
  const split = series === undefined ? {} : { splitAccessor: 'group', ...colours(series) };
  return {
    legend: { isVisible: series !== undefined, position: 'right' },
    valueLabels: 'show',
    fittingFunction: 'None',
    preferredSeriesType: seriesType,
    axisTitlesVisibilitySettings: { x: false, yLeft: false, yRight: false },
    layers: [{ ...LAYER_OF, seriesType, ...(xAccessor === undefined ? {} : { xAccessor }), accessors: ['value'], ...split }],
  };
}

/**
 * Groups by a field. `sortBy`: the column by whose values groups are sorted, largest first; undefined: by name. `rank`: a numeric field to
 * sort by instead.
 */
function terms(field: string, size: number, sortBy: string | undefined = 'value', rank: string | undefined = rankOf(field)): LensColumn {
  return {
    label: field,
    customLabel: true,
    dataType: dataTypeOf(field),
    operationType: 'terms',
    isBucketed: true,
    scale: 'ordinal',
    sourceField: field,
    params: {
      size,
      ...orderBy(sortBy, rank),
      otherBucket: false,
      missingBucket: false,
      parentFormat: { id: 'terms' },
    },
  };
}

function orderBy(column: string | undefined, rank: string | undefined): object {
  if (rank !== undefined) return { orderBy: { type: 'custom' }, orderAgg: measured(rank, { largest: rank }, TIME), orderDirection: 'desc' };
  if (column === undefined) return { orderBy: { type: 'alphabetical', fallback: false }, orderDirection: 'asc' };
  return { orderBy: { type: 'column', columnId: column }, orderDirection: 'desc' };
}

function filters({ steps }: Extract<View, { kind: 'steps' }>): LensColumn {
  return {
    label: 'Filters',
    customLabel: true,
    dataType: 'string',
    operationType: 'filters',
    isBucketed: true,
    scale: 'ordinal',
    params: { filters: steps.map(({ title, where }) => ({ label: title, input: { language: 'lucene', query: lucene(where) } })) },
  };
}

function measured(label: string, of: Measure, newest: string): LensColumn {
  const base = { label, customLabel: true, isBucketed: false, dataType: 'number', scale: 'ratio' } as const;
  if ('count' in of) return { ...base, operationType: 'count', sourceField: '___records___', params: { emptyAsNull: false } };
  if ('distinct' in of) return { ...base, operationType: 'unique_count', sourceField: of.distinct, params: { emptyAsNull: false } };
  if ('sum' in of) return { ...base, operationType: 'sum', sourceField: of.sum, params: { emptyAsNull: false } };
  if ('largest' in of) return { ...base, operationType: 'max', sourceField: of.largest, params: {} };
  const dataType = dataTypeOf(of.latest);
  const scale = dataType === 'number' ? 'ratio' : dataType === 'date' ? 'interval' : 'ordinal';
  return { ...base, dataType, scale, operationType: 'last_value', sourceField: of.latest, params: { sortField: newest } };
}

function dataTypeOf(field: string): LensColumn['dataType'] {
  const type = FIELDS.find(({ name }) => name === field)?.type;
  if (type === 'date' || type === 'boolean' || type === 'ip') return type;
  return type === 'long' || type === 'float' ? 'number' : 'string';
}
