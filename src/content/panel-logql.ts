import { all, type Filter, is } from '../alert/filter.ts';
import { LEVELS, rankOf } from './levels.ts';
import { DATE, labelOf, logqlStages, selector } from './logql.ts';
import type { Column, Measure, Query } from './panel.ts';
import { filterStages, rowsExpr, SEEN } from './rows-logql.ts';

/** A query of a panel, with Grafana's variables: `$site`, `$zone`, `$network`, `$address`, `$level`, `$__range`, `$__auto`. */
export interface PanelQuery {
  readonly expr: string;
  /** Legend of its series. */
  readonly legend?: string;
  readonly type: 'instant' | 'range';
}

const SITE = 'site=~"$site"';
const FINISHED = is('event.action', 'scan-finished');
const RANGE = '$__range';
/** A time in seconds, as a number that can be compared. */
const seconds = (label: string): string => ` | label_format scanned=\`{{ unixEpoch (toDate "${DATE}" .${label}) }}\` | unwrap scanned`;
const SCANNED = seconds('scan_time');
const finishedScans = `${selector('nmap.scan', [SITE])}${logqlStages(FINISHED)}`;

/** The newest finished scan of each site: what it says, and nothing older, is kept by `and on (nmap_scan_id)`. */
const LAST_SCANS = `topk by (site) (1, max by (site, nmap_scan_id) (max_over_time(${finishedScans}${SCANNED} [${RANGE}])))`;
/** 0 when a scan found nothing; without a finished scan there is no value at all. */
const ELSE_ZERO = ` or sum(count_over_time(${finishedScans} [${RANGE}])) * 0`;

/** The queries of a panel; a table has one for each column. */
export function panelQueries(query: Query): readonly PanelQuery[] {
  const { view } = query;
  switch (view.kind) {
    case 'number':
      return [{ type: 'instant', expr: numberExpr(query, view.column) }];
    case 'timeline':
      return byLevel(query, view.by) ?? [{ type: 'range', expr: overTime(query, view.by, view.of), legend: legendOf(view.by) }];
    case 'bars':
    case 'share':
      return byLevel(query, view.by) ?? [{ type: 'instant', expr: largest(query, view.by, view.top), legend: legendOf(view.by) }];
    case 'steps':
    case 'ahead':
      return view.steps.map(({ title, where }) => ({ type: 'instant', expr: total(narrowed(query, where)), legend: title }));
    case 'table':
      return query.newestUntil === undefined ? view.columns.map((column) => columnQuery(query, column)) : [rows(query)];
    case 'list':
      return [rows(query)];
  }
}

function numberExpr(query: Query, column: Column): string {
  if (isCounted(column.of)) return total(query);
  return `${isTime(column) ? 'max' : 'sum'}(${latest(query, column.of)})`;
}

/** How many there are; 0 when a scan found none. */
function total(query: Query): string {
  return `sum(${counted(query, [])})${ELSE_ZERO}`;
}

function largest(query: Query, field: string, top: number): string {
  return `topk(${top}, sum by (${labelOf(field)}) (${counted(query, [field])}))`;
}

/** The value of a field as the name of a series. */
function legendOf(field: string): string {
  return `{{${labelOf(field)}}}`;
}

/** One query per level, most severe first, because the series of a single query have no order. */
function byLevel(query: Query, field: string): readonly PanelQuery[] | undefined {
  if (rankOf(field) === undefined) return undefined;
  return LEVELS.map((legend) => {
    const one = narrowed(query, is(field, legend));
    if (query.view.kind === 'timeline') return { type: 'range', expr: overTime(one, field, query.view.of), legend };
    return { type: 'instant', expr: total(one), legend };
  });
}

function narrowed(query: Query, where: Filter): Query {
  return { ...query, where: query.where === undefined ? where : all(query.where, where) };
}

function rows(query: Query): PanelQuery {
  return { type: 'range', expr: rowsExpr(query, SITE) };
}

/** Whether a value is a time: seconds since 1970, in milliseconds as Grafana wants it. */
export function isTime({ of }: Column): boolean {
  return 'latest' in of && of.latest === '@timestamp';
}

function columnQuery(query: Query, column: Column): PanelQuery {
  return { type: 'instant', expr: `max by (site) (${latest(query, column.of)})` };
}

function isCounted(of: Measure): boolean {
  return 'count' in of || 'distinct' in of;
}

/**
 * Counts by fields. A scan finds each thing once, so counting events counts things. Loki allows 500 series as the result of the inner sum, so
 * it does not group by the addresses of ports.
 */
function counted(query: Query, by: readonly string[]): string {
  const labels = by.map(labelOf);
  if (query.lastScan !== true) return `sum by (${labels.join(', ')}) (count_over_time(${entries(query, by)} [${RANGE}]))`;
  return `sum by (${[...labels, 'nmap_scan_id'].join(', ')}) (count_over_time(${entries(query, by)} [${RANGE}])) and on (nmap_scan_id) ${LAST_SCANS}`;
}

/** The value from the newest finished scan of each site. */
function latest(query: Query, of: Measure): string {
  const field = Object.values(of).join('');
  if (field === SEEN) {
    // Entries that carry the time of sending have the time of the scan in a label.
    const [time, more] = query.from === 'nmap.scan' ? [SCANNED, []] : [seconds(labelOf(SEEN)), [SEEN]];
    return `max by (site) (max_over_time(${entries(query, more)}${time} [${RANGE}])) * 1000`;
  }
  return `last_over_time(${entries(query, [field])} | unwrap ${labelOf(field)} [${RANGE}]) by (site, nmap_scan_id) and on (nmap_scan_id) ${LAST_SCANS}`;
}

function overTime(query: Query, by: string, of: Measure): string {
  const label = labelOf(by);
  const field = Object.values(of).join('');
  if ('count' in of) return `sum by (${label}) (count_over_time(${entries(query, [by])} [$__auto]))`;
  // A scan finds each thing once: of several scans of a site within a step, the one with the most findings counts.
  if ('distinct' in of)
    return `sum by (${label}) (max by (${label}, site) (sum by (${label}, site, nmap_scan_id) (count_over_time(${entries(query, [by])} [$__auto]))))`;
  const unwrapped = `${entries(query, [by, field])} | unwrap ${labelOf(field)} [$__auto]`;
  return 'sum' in of ? `sum by (${label}) (sum_over_time(${unwrapped}))` : `max by (${label}) (max_over_time(${unwrapped}))`;
}

function entries({ from, where }: Query, more: readonly string[]): string {
  return `${selector(from, [SITE])}${filterStages(from)}${logqlStages(where, more)}`;
}
