import type { Fields, FieldValue } from './event.ts';

/** The text at a path of names; undefined when there is none. */
export function textAt(fields: Fields, ...path: readonly string[]): string | undefined {
  const value = fieldAt(fields, path);
  return typeof value === 'string' ? value : undefined;
}

/** The value at a path of names. */
export function fieldAt(fields: Fields, path: readonly string[]): FieldValue {
  let value: FieldValue = fields;
  for (const name of path) value = isFields(value) ? value[name] : undefined;
  return value;
}

export function isFields(value: FieldValue): value is Fields {
  return typeof value === 'object' && !Array.isArray(value);
}
