/** An object with many members, such as the known ports of a host: there may be 65,535 of them. */
type Table<T> = Record<string, T>;
type Entry<T> = readonly [key: string, value: T];

/** Made on first use: beginning to iterate over an object with thousands of members costs as much as going through them. */
const lists = new WeakMap<Table<unknown>, Entry<unknown>[]>();

/** The members in order of their addition. */
export function entriesOf<T>(table: Readonly<Table<T>>): readonly Entry<T>[] {
  return listOf(table) as readonly Entry<T>[];
}

/** Adds a member that is not there. Once {@link entriesOf} was asked, nothing else may add or replace one. */
export function addEntry<T>(table: Table<T>, key: string, value: T): void {
  listOf(table).push([key, value]);
  table[key] = value;
}

function listOf(table: Table<unknown>): Entry<unknown>[] {
  const made = lists.get(table);
  if (made !== undefined) return made;
  const list = Object.entries(table);
  lists.set(table, list);
  return list;
}
