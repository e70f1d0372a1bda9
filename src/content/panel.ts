import { type Dataset, INVENTORY } from '../event/event.ts';
import { all, type Filter, is } from '../alert/filter.ts';
import { lucene } from './lucene.ts';

/** A number that is computed from many events. */
export type Measure =
  | { readonly count: true }
  /** The number of different values. */
  | { readonly distinct: string }
  | { readonly sum: string }
  | { readonly largest: string }
  /** The value of the newest event. */
  | { readonly latest: string };

/** A column of a table, or a single number. */
export interface Column {
  readonly title: string;
  readonly of: Measure;
}

/** How events are shown. Groups of levels are in the order of levels, with their colours (levels.ts). */
export type View =
  | { readonly kind: 'number'; readonly column: Column }
  /** Over time, stacked by a field. */
  | { readonly kind: 'timeline'; readonly by: string; readonly of: Measure }
  /** The largest groups first. */
  | { readonly kind: 'bars' | 'share'; readonly by: string; readonly of: Measure; readonly top: number }
  /** One bar per filter. */
  | { readonly kind: 'steps'; readonly steps: readonly Step[] }
  /** By week of a future date; as steps where a time axis cannot show the future. */
  | { readonly kind: 'ahead'; readonly date: string; readonly steps: readonly Step[] }
  /** One row per value: those with the largest `rank` first, else those with the largest first column. */
  | {
      readonly kind: 'table';
      readonly by: { readonly title: string; readonly field: string };
      readonly columns: readonly Column[];
      readonly top: number;
      readonly rank?: string;
    }
  /** One row per event: newest first, or as `order` says. */
  | { readonly kind: 'list'; readonly fields: readonly string[]; readonly order?: Order };

interface Step {
  readonly title: string;
  readonly where: Filter;
}

interface Order {
  readonly field: string;
  readonly first: 'largest' | 'smallest';
}

/** What a panel queries. */
export interface Query {
  readonly from: Dataset;
  readonly where?: Filter;
  /** Only the last finished scan of each site, not all of the time range. */
  readonly lastScan?: boolean;
  /** Only the newest event per entity, and none if one of these changes is newer. For lists and tables. */
  readonly newestUntil?: readonly string[];
  readonly view: View;
}

/** A panel, independent of any server. */
export interface Panel {
  readonly id: string;
  readonly title: string;
  /** What it shows, and what it means when it is empty. */
  readonly about: string;
  readonly query: Query;
  /** The query for stores without an inventory. */
  readonly withoutInventory?: Query;
  /** Width in columns, of which there are 24; height in rows of about 30 pixels. */
  readonly width: number;
  readonly height: number;
}

export interface Dashboard {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  /** Default time range in days: enough for weekly scans. */
  readonly days: number;
  /** The filters at the top. */
  readonly controls: readonly Control[];
  readonly panels: readonly Panel[];
}

export interface Control {
  readonly title: string;
  readonly field: string;
  /** Where the values to choose from are read. */
  readonly from: 'events' | 'inventory';
}

/** Links from a dashboard to all others, in Markdown, as Kibana and OpenSearch Dashboards show it. */
export function linksFrom({ id }: Pick<Dashboard, 'id'>, all: readonly Pick<Dashboard, 'id' | 'title'>[]): string {
  return all.map((other) => (other.id === id ? `**${other.title}**` : `[${other.title}](#/view/${other.id})`)).join(' · ');
}

/** The events of a query as a Lucene filter, for Elasticsearch and OpenSearch. */
export function luceneOf({ from, where }: Query): string {
  const dataset: readonly Filter[] = from === INVENTORY ? [] : [is('data_stream.dataset', from)];
  return lucene(all(...dataset, ...(where === undefined ? [] : [where])));
}

/** The default title of a measure. */
export function titleOf(of: Measure): string {
  return 'sum' in of || 'largest' in of ? Object.values(of).join('') : 'Count';
}

/** The columns of a list without the time, for servers that show the time in each row anyway. */
export function withoutTime(fields: readonly string[]): readonly string[] {
  return fields.filter((field) => field !== '@timestamp');
}

/** The order of a list's rows: fields with their direction. */
export function orderOf(view: Extract<View, { kind: 'list' }>, newest: string): readonly (readonly [string, 'asc' | 'desc'])[] {
  const last = [newest, 'desc'] as const;
  return view.order === undefined ? [last] : [[view.order.field, view.order.first === 'largest' ? 'desc' : 'asc'], last];
}

/** The field that shows which event is the newest; inventory records have no time of their own. */
export function newestBy({ from }: Query): string {
  return from === INVENTORY ? 'nmap.inventory.last_tested' : '@timestamp';
}

/** A panel with its place in the grid. */
export interface Placed<P extends Sized = Panel> {
  readonly panel: P;
  readonly x: number;
  readonly y: number;
}

type Sized = Pick<Panel, 'width' | 'height'>;

/** From left to right, a new row where one is full; the rows are as high as their highest panel. */
export function placed<P extends Sized>(panels: readonly P[], columns = 24): readonly Placed<P>[] {
  const places: Placed<P>[] = [];
  let [x, y, height] = [0, 0, 0];
  for (const panel of panels) {
    if (x + panel.width > columns) [x, y, height] = [0, y + height, 0];
    places.push({ panel, x, y });
    x += panel.width;
    height = Math.max(height, panel.height);
  }
  return places;
}

/** Every field that a view shows or counts. */
export function fieldsShown(view: View): readonly string[] {
  switch (view.kind) {
    case 'number':
      return fieldsMeasured(view.column.of);
    case 'timeline':
    case 'bars':
    case 'share':
      return [view.by, ...fieldsMeasured(view.of)];
    case 'steps':
      return [];
    case 'ahead':
      return [view.date];
    case 'table':
      return [view.by.field, ...view.columns.flatMap(({ of }) => fieldsMeasured(of)), ...(view.rank === undefined ? [] : [view.rank])];
    case 'list':
      return [...view.fields, ...(view.order === undefined ? [] : [view.order.field])];
  }
}

function fieldsMeasured(measure: Measure): readonly string[] {
  return Object.values(measure).filter((value) => typeof value === 'string');
}
