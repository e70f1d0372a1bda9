/*
 * What a table of Grafana shows of entries: its transformations, as far as our dashboards use them. After grafana:
 * packages/grafana-data/src/transformations/transformers.
 */

export type Cells = Readonly<Record<string, unknown>>;

interface Transformation {
  readonly id: string;
  readonly options: any;
}

/** Rows from entries, the labels of each as JSON in the field `labels`. */
export function tableRows(transformations: readonly Transformation[], entries: readonly Readonly<Record<string, string>>[]): readonly Cells[] {
  return transformations.reduce<readonly Cells[]>(
    (rows, { id, options }) => {
      const how = HOW[id];
      if (how === undefined) throw new Error(`a transformation that is not known here: ${id}`);
      return how(rows, options);
    },
    entries.map((labels) => ({ labels })),
  );
}

const HOW: Readonly<Record<string, (rows: readonly Cells[], options: any) => readonly Cells[]>> = {
  extractFields: (rows, { source, replace }) => rows.map((row) => ({ ...(replace === true ? {} : row), ...(row[source] as Cells) })),
  convertFieldType: (rows, { conversions }) =>
    rows.map((row) => ({ ...row, ...Object.fromEntries(conversions.flatMap((one: any) => converted(row, one))) })),
  sortBy: (rows, { sort: [{ field, desc }] }) => {
    if (!has(rows, field)) return rows;
    return rows.toSorted((a, b) => (desc === true ? -1 : 1) * compared(a[field], b[field]));
  },
  groupBy: (rows, { fields }) => {
    const named = Object.entries<any>(fields).filter(([name]) => has(rows, name));
    const keys = named.filter(([, { operation }]) => operation === 'groupby').map(([name]) => name);
    if (keys.length === 0) return rows;
    const shown = named.filter(([, { operation }]) => operation === 'aggregate');
    return [...Map.groupBy(rows, (row) => JSON.stringify(keys.map((key) => row[key])))].map(([, some]) => ({
      ...Object.fromEntries(keys.map((key) => [key, some[0]![key]])),
      ...Object.fromEntries(
        shown.flatMap(([name, { aggregations }]) => aggregations.map((how: string) => [`${name} (${how})`, aggregate(how, some, name)])),
      ),
    }));
  },
  filterByValue: (rows, { type, match, filters }) => {
    if (type !== 'exclude' || match !== 'any') throw new Error(`${type} ${match}`);
    return rows.filter((row) => !filters.some(({ fieldName, config: { id, options } }: any) => id === 'equal' && row[fieldName] === options.value));
  },
  limit: (rows, { limitField }) => rows.slice(0, limitField),
  filterFieldsByName: (rows, { include: { names } }) =>
    rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => names.includes(name)))),
  organize: (rows, { indexByName, renameByName }) => {
    const names = Object.keys(indexByName)
      .toSorted((a, b) => indexByName[a] - indexByName[b])
      .filter((name) => has(rows, name));
    return rows.map((row) => Object.fromEntries(names.map((name) => [renameByName[name] ?? name, row[name]])));
  },
};

function has(rows: readonly Cells[], field: string): boolean {
  return rows.some((row) => field in row);
}

function converted(
  row: Cells,
  { targetField, destinationType }: { targetField: string; destinationType: string },
): readonly (readonly [string, unknown])[] {
  const value = row[targetField];
  if (typeof value !== 'string') return [];
  return [[targetField, destinationType === 'number' ? Number(value) : new Date(value).toISOString()]];
}

/** What is not there stands last, as in Grafana when the largest stand first. */
function compared(a: unknown, b: unknown): number {
  if (a === b) return 0;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  return (a as string | number) < (b as string | number) ? -1 : 1;
}

function aggregate(how: string, rows: readonly Cells[], name: string): unknown {
  const values = rows.map((row) => row[name]);
  if (how === 'first') return values[0];
  if (how === 'count') return values.length;
  if (how === 'distinctCount') return new Set(values).size;
  if (how === 'max') return Math.max(...values.map(Number));
  throw new Error(how);
}
