import type { Fields, FieldValue } from './event.ts';

/** The text at a path of names, or undefined when there is none. */
export function textAt(fields: Fields, ...path: readonly string[]): string | undefined {
  let value: FieldValue = fields;
  for (const name of path) value = isFields(value) ? value[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

export function isFields(value: FieldValue): value is Fields {
  return typeof value === 'object' && !Array.isArray(value);
}
