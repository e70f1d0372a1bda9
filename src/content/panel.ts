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

/** How events are shown. */
export type View =
  | { readonly kind: 'number'; readonly column: Column }
  /** Over time, stacked by a field. */
  | { readonly kind: 'timeline'; readonly by: string; readonly of: Measure }
  /** The largest groups first. */
  | { readonly kind: 'bars' | 'share'; readonly by: string; readonly of: Measure; readonly top: number }
  /** A bar a filter. */
  | { readonly kind: 'steps'; readonly steps: readonly { readonly title: string; readonly where: Filter }[] }
  /** A row a value, those with the largest first column first. */
  | {
      readonly kind: 'table';
      readonly by: { readonly title: string; readonly field: string };
      readonly columns: readonly Column[];
      readonly top: number;
    }
  /** The events themselves, newest first. `beside`: what their sentence does not say, where only that is shown. */
  | { readonly kind: 'list'; readonly fields: readonly string[]; readonly beside?: readonly string[] };

/** What a panel asks. */
export interface Query {
  readonly from: Dataset;
  readonly where?: Filter;
  /** Only what the last finished scan of each site says, not all of the time range. */
  readonly lastScan?: boolean;
  readonly view: View;
}

/** A panel, in no server's words. */
export interface Panel {
  readonly id: string;
  readonly title: string;
  /** What it shows, and what it means when it is empty. */
  readonly about: string;
  readonly query: Query;
  /** What is asked instead where there is no inventory. */
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
  readonly panels: readonly Panel[];
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
    case 'table':
      return [view.by.field, ...view.columns.flatMap(({ of }) => fieldsMeasured(of))];
    case 'list':
      return view.fields;
  }
}

function fieldsMeasured(measure: Measure): readonly string[] {
  return Object.values(measure).filter((value) => typeof value === 'string');
}
