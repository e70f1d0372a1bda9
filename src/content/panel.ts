import { type Dataset, INVENTORY } from '../event/event.ts';
import { all, type Filter, is } from '../alert/filter.ts';
import { lucene } from './lucene.ts';

/** A number that is made of many events. */
export type Measure =
  | { readonly count: true }
  /** How many different values. */
  | { readonly distinct: string }
  | { readonly sum: string }
  | { readonly largest: string }
  /** The value of the newest event. */
  | { readonly latest: string };

/** A column of a table, or a number of its own. */
export interface Column {
  readonly title: string;
  readonly of: Measure;
}

/** How events are shown. What is grouped by a level stands in its order and has its colours (levels.ts). */
export type View =
  | { readonly kind: 'number'; readonly column: Column }
  /** Over time, stacked by a field. */
  | { readonly kind: 'timeline'; readonly by: string; readonly of: Measure }
  /** The largest groups first. */
  | { readonly kind: 'bars' | 'share'; readonly by: string; readonly of: Measure; readonly top: number }
  /** A bar a filter. */
  | { readonly kind: 'steps'; readonly steps: readonly Step[] }
  /** By weeks of a date that lies ahead; as steps where only the past has a time. */
  | { readonly kind: 'ahead'; readonly date: string; readonly steps: readonly Step[] }
  /** A row a value: those with the largest `rank` first, else those with the largest first column. */
  | {
      readonly kind: 'table';
      readonly by: { readonly title: string; readonly field: string };
      readonly columns: readonly Column[];
      readonly top: number;
      readonly rank?: string;
    }
  /** A row an event: the newest first, or as `order` says. */
  | { readonly kind: 'list'; readonly fields: readonly string[]; readonly order?: Order };

interface Step {
  readonly title: string;
  readonly where: Filter;
}

interface Order {
  readonly field: string;
  readonly first: 'largest' | 'smallest';
}

/** What a panel asks. */
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
  /** The query where there is no inventory. */
  readonly withoutInventory?: Query;
  /** Of 24 columns, and of rows of 30 pixels or so. */
  readonly width: number;
  readonly height: number;
}

export interface Dashboard {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  /** Days that it looks back: enough for scans that come once a week. */
  readonly days: number;
  /** What it can be filtered by, at its head. */
  readonly controls: readonly Control[];
  readonly panels: readonly Panel[];
}

export interface Control {
  readonly title: string;
  readonly field: string;
  /** Where the values to choose from are. */
  readonly from: 'events' | 'inventory';
}

/** Which events it is about, for Elasticsearch and OpenSearch. */
export function luceneOf({ from, where }: Query): string {
  const dataset: readonly Filter[] = from === INVENTORY ? [] : [is('data_stream.dataset', from)];
  return lucene(all(...dataset, ...(where === undefined ? [] : [where])));
}

/** What a measure is called where nobody has named it. */
export function titleOf(of: Measure): string {
  return 'sum' in of || 'largest' in of ? Object.values(of).join('') : 'Count';
}

/** The columns of a list where the time of an event stands in front of each row anyway. */
export function withoutTime(fields: readonly string[]): readonly string[] {
  return fields.filter((field) => field !== '@timestamp');
}

/** How the rows of a list are ordered: fields, each with its direction. */
export function orderOf(view: Extract<View, { kind: 'list' }>, newest: string): readonly (readonly [string, 'asc' | 'desc'])[] {
  const last = [newest, 'desc'] as const;
  return view.order === undefined ? [last] : [[view.order.field, view.order.first === 'largest' ? 'desc' : 'asc'], last];
}

/** The field that tells which is the newest: records of the inventory have no time of their own. */
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
