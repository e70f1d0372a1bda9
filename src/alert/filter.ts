/** A filter over events, independent of any server; fields are those of src/event/fields.ts. */
export type Filter =
  | { readonly field: string; readonly is: readonly (string | number | boolean)[] }
  | { readonly field: string; readonly atLeast: number }
  | { readonly field: string; readonly exists: true }
  /** A date relative to now, in days: from `from` (absent: any time in the past) to before `to` (absent: any time in the future). */
  | { readonly field: string; readonly daysAhead: { readonly from?: number; readonly to?: number } }
  /** The field is absent or has another value. */
  | { readonly field: string; readonly isNot: string | number | boolean }
  | { readonly all: readonly Filter[] }
  | { readonly any: readonly Filter[] };

/** The field has one of these values. */
export function is(field: string, ...values: readonly (string | number | boolean)[]): Filter {
  return { field, is: values };
}

export function all(...filters: readonly Filter[]): Filter {
  return { all: filters };
}

export function any(...filters: readonly Filter[]): Filter {
  return { any: filters };
}

export function exists(field: string): Filter {
  return { field, exists: true };
}

export function atLeast(field: string, value: number): Filter {
  return { field, atLeast: value };
}

/** Whether a filter has several conditions, which belong in parentheses beside others. */
export function isCompound(filter: Filter): boolean {
  return ('all' in filter && filter.all.length > 1) || ('any' in filter && filter.any.length > 1);
}

/** The fields that a filter uses. */
export function fieldsOf(filter: Filter | undefined): readonly string[] {
  if (filter === undefined) return [];
  if ('all' in filter) return filter.all.flatMap(fieldsOf);
  return 'any' in filter ? filter.any.flatMap(fieldsOf) : [filter.field];
}
