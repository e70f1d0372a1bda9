import type { ScriptItem, ScriptTable } from './model.ts';

/** The value of the first `elem` with this key. */
export function valueOf(items: readonly ScriptItem[], key: string): string | undefined {
  for (const item of items) if ('value' in item && item.key === key) return item.value;
  return undefined;
}

/** Values of elements without a key: the members of a list. */
export function valuesIn(items: readonly ScriptItem[]): readonly string[] {
  return items.flatMap((item) => ('value' in item && item.key === undefined ? [item.value] : []));
}

export function tables(items: readonly ScriptItem[]): readonly ScriptTable[] {
  return items.filter((item): item is ScriptTable => 'items' in item);
}

/** The members of the first `table` with this key; none when there is no such table. */
export function tableNamed(items: readonly ScriptItem[], key: string): readonly ScriptItem[] {
  return tables(items).find((table) => table.key === key)?.items ?? [];
}
