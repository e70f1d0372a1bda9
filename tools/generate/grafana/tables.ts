import type { DataTransformerConfig, DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard';
import * as table from '@grafana/grafana-foundation-sdk/table';
import { columnName } from '../../../src/content/column-names.ts';
import { grafanaHostPath, HOST_FIELD } from '../../../src/content/host-link.ts';
import { LEVEL_COLOURS, LEVELS, rankOf } from '../../../src/content/levels.ts';
import { labelOf } from '../../../src/content/logql.ts';
import type { Measure, Query, View } from '../../../src/content/panel.ts';
import { ACTION, rowFields, SEEN, ENTITY_FIELD } from '../../../src/content/rows-logql.ts';
import { FIELDS } from '../../../src/event/fields.ts';

type List = Extract<View, { kind: 'list' }>;
type Table = Extract<View, { kind: 'table' }>;

/** The name of a field after some transformations, and the title of its column. */
interface Column {
  readonly field: string;
  readonly name: string;
  readonly title: string;
}

/** Addresses of hosts, whose column leads to the dashboard of the host. */
const HOSTS: ReadonlySet<string> = new Set([HOST_FIELD, 'host.ip']);
const WRAPPED = new Set(['nmap.finding.remedy', 'message', 'nmap.scan.args', 'event.reason']);

/**
 * A table of the entries of a log query. Labels become columns; of several entries about one thing the newest is kept; what is over is
 * left out; rows are sorted, columns get titles.
 * https://grafana.com/docs/grafana/latest/panels-visualizations/query-transform-data/transform-data/
 */
export function rowsTable(query: Query, view: List | Table): table.PanelBuilder {
  const newest = query.newestUntil === undefined ? undefined : FIRST;
  const columns = view.kind === 'list' ? listColumns(view, newest) : tableColumns(view);
  const builder = new table.PanelBuilder().noValue('nothing in this time range');
  const steps = [
    ...asColumns(query),
    ...(query.newestUntil === undefined ? [] : newestOnly(query, query.newestUntil)),
    ...(view.kind === 'list' ? [sorted(orderOf(view, newest))] : grouped(view)),
    ...organised(columns),
  ];
  for (const step of steps) builder.withTransformation(step);
  for (const { field, title } of columns) {
    const properties = [...lookOf(field)];
    if (properties.length > 0) builder.overrideByName(title, properties);
  }
  return builder;
}

/** How a column looks. */
function lookOf(field: string): readonly DynamicConfigValue[] {
  if (HOSTS.has(field)) {
    const link = { title: 'All about ${__value.text}', url: grafanaHostPath('${__value.text}') };
    return [{ id: 'links', value: [link] }];
  }
  if (rankOf(field) !== undefined) return [{ id: 'mappings', value: [levelMapping()] }, BACKGROUND, { id: 'custom.width', value: 90 }];
  if (WRAPPED.has(field))
    return [
      { id: 'custom.cellOptions', value: { type: 'auto', wrapText: true } },
      { id: 'custom.minWidth', value: 300 },
    ];
  return typeOf(field) === 'date' ? [{ id: 'custom.width', value: 170 }] : [];
}

const BACKGROUND: DynamicConfigValue = { id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } };

function levelMapping(): object {
  const options = Object.fromEntries(LEVELS.map((level, index) => [level, { index, color: LEVEL_COLOURS[level], text: level }]));
  return { type: 'value', options };
}

/** What `groupBy` calls a field of which it keeps the first value. */
const FIRST = 'first';
function kept(name: string, how: string | undefined): string {
  return how === undefined ? name : `${name} (${how})`;
}

function typeOf(field: string): string | undefined {
  return FIELDS.find(({ name }) => name === field)?.type;
}

function asColumns(query: Query): readonly DataTransformerConfig[] {
  const conversions = rowFields(query).flatMap((field) => {
    const type = typeOf(field);
    if (type === 'long' || type === 'float') return [{ targetField: labelOf(field), destinationType: 'number' }];
    return type === 'date' ? [{ targetField: labelOf(field), destinationType: 'time' }] : [];
  });
  return [
    { id: 'extractFields', options: { source: 'labels', format: 'json', replace: true, keepTime: false } },
    { id: 'convertFieldType', options: { fields: {}, conversions } },
  ];
}

/** The order of Grafana's entries depends on its version, so they are sorted first; then the first of each group is taken. */
function newestOnly(query: Query, until: readonly string[]): readonly DataTransformerConfig[] {
  const others = rowFields(query).filter((field) => field !== ENTITY_FIELD);
  const fields = {
    [labelOf(ENTITY_FIELD)]: { aggregations: [], operation: 'groupby' },
    ...Object.fromEntries(others.map((field) => [labelOf(field), { aggregations: [FIRST], operation: 'aggregate' }])),
  };
  const filters = until.map((value) => ({ fieldName: kept(labelOf(ACTION), FIRST), config: { id: 'equal', options: { value } } }));
  return [
    sorted({ name: labelOf(SEEN), desc: true }),
    { id: 'groupBy', options: { fields } },
    { id: 'filterByValue', options: { type: 'exclude', match: 'any', filters } },
  ];
}

function sorted({ name, desc }: { readonly name: string; readonly desc: boolean }): DataTransformerConfig {
  return { id: 'sortBy', options: { fields: {}, sort: [{ field: name, desc }] } };
}

function orderOf({ order }: List, how: string | undefined): { readonly name: string; readonly desc: boolean } {
  return order === undefined
    ? { name: kept(labelOf(SEEN), how), desc: true }
    : { name: kept(labelOf(order.field), how), desc: order.first === 'largest' };
}

/** One row for each value of a field: sorted by severity, then the first of each is kept. */
function grouped(view: Table): readonly DataTransformerConfig[] {
  const rank = view.rank === undefined ? [] : [view.rank];
  const fields = Object.fromEntries([
    [kept(labelOf(view.by.field), FIRST), { aggregations: [], operation: 'groupby' }],
    ...[...view.columns.map(({ of }) => aggregated(of)), ...rank.map((field) => aggregated({ largest: field }))].map(({ name, how }) => [
      name,
      { aggregations: [how], operation: 'aggregate' },
    ]),
  ]);
  const byRank = rank.map((field) => sorted({ name: kept(labelOf(field), FIRST), desc: true }));
  const again = rank.map((field) => sorted({ name: kept(kept(labelOf(field), FIRST), 'max'), desc: true }));
  return [...byRank, { id: 'groupBy', options: { fields } }, ...again, { id: 'limit', options: { limitField: view.top } }];
}

function aggregated(of: Measure): { readonly name: string; readonly how: string } {
  const field = Object.values(of).join('');
  if ('count' in of) return { name: labelOf(ENTITY_FIELD), how: 'count' };
  const how = 'distinct' in of ? 'distinctCount' : 'largest' in of ? 'max' : 'sum' in of ? 'sum' : FIRST;
  return { name: kept(labelOf(field), FIRST), how };
}

function listColumns({ fields }: List, how: string | undefined): readonly Column[] {
  return fields.map((field) => ({ field, name: kept(labelOf(field), how), title: titleOf(field, how) }));
}

/** The time of the newest entry of a group: when it was seen last. */
function titleOf(field: string, how: string | undefined): string {
  return field === SEEN && how !== undefined ? columnName('nmap.inventory.last_seen') : columnName(field);
}

function tableColumns({ by, columns }: Table): readonly Column[] {
  const first = { field: by.field, name: kept(labelOf(by.field), FIRST), title: by.title };
  return [first, ...columns.map(({ title, of }) => ({ field: fieldOf(of), name: nameOf(of), title }))];
}

function nameOf(of: Measure): string {
  const { name, how } = aggregated(of);
  return kept(name, how);
}

/** The field that decides how a column looks; none for a count. */
function fieldOf(of: Measure): string {
  return 'latest' in of ? of.latest : '';
}

/** These columns in this order under these names; all others go. */
function organised(columns: readonly Column[]): readonly DataTransformerConfig[] {
  const names = columns.map(({ name }) => name);
  return [
    { id: 'filterFieldsByName', options: { include: { names } } },
    {
      id: 'organize',
      options: {
        excludeByName: {},
        indexByName: Object.fromEntries(names.map((name, i) => [name, i])),
        renameByName: Object.fromEntries(columns.map(({ name, title }) => [name, title])),
      },
    },
  ];
}
