import { boolean, either, optional, record, type Shape, tableOf, text } from '../../core/shape.ts';
import type { FieldType } from '../../event/fields/field.ts';
import { FIELDS } from '../../event/fields.ts';

/** A mapping as the server shows it. */
export interface Mapping {
  /** `true`, `false`, `strict`, `runtime`; what is absent is `true`. */
  readonly dynamic?: string | boolean | undefined;
  readonly properties?: Properties | undefined;
}

type Properties = Readonly<Record<string, { readonly type?: string | undefined; readonly properties?: Properties | undefined }>>;

export const MAPPING: Shape<Mapping> = record({ dynamic: optional(either(text, boolean)), properties: optional(isProperties) });

function isProperties(value: unknown): value is Properties {
  return tableOf(record({ type: optional(text), properties: optional(isProperties) }))(value);
}

/** Differences between a mapping and portlog's template. */
export interface Difference {
  /** Wrong types by field. */
  readonly wrong: ReadonlyMap<string, string>;
  /** Missing fields. */
  readonly missing: readonly string[];
}

/** Compatible types, which users may prefer. */
const COMPATIBLE: Readonly<Record<Exclude<FieldType, 'labels' | 'object'>, readonly string[]>> = {
  keyword: ['keyword', 'constant_keyword', 'wildcard'],
  long_keyword: ['keyword', 'wildcard'],
  text: ['text', 'match_only_text'],
  ip: ['ip'],
  long: ['long', 'integer', 'unsigned_long'],
  float: ['float', 'double', 'half_float', 'scaled_float'],
  date: ['date', 'date_nanos'],
  boolean: ['boolean'],
  flattened: ['flattened', 'flat_object'],
};

/** Compares with every field that an event may have. */
export function differences(mapping: Mapping): Difference {
  const wrong = new Map<string, string>();
  const missing: string[] = [];
  for (const { name, type } of FIELDS) {
    if (type === 'labels' || type === 'object') continue;
    const there = typeAt(mapping, name);
    if (there === undefined) missing.push(name);
    else if (!COMPATIBLE[type].includes(there)) wrong.set(name, there);
  }
  return { wrong, missing };
}

/** Whether unmapped fields get a guessed type, for ever, with the first document. */
export function guesses({ dynamic }: Mapping): boolean {
  return dynamic === undefined || String(dynamic) === 'true' || dynamic === 'runtime';
}

/** The type of a field; `object` has none of its own. */
export function typeAt(mapping: Mapping, name: string): string | undefined {
  let node: Properties[string] | undefined = mapping;
  for (const part of name.split('.')) {
    // Fields below it are part of it.
    if (node.type === 'flattened' || node.type === 'flat_object') return node.type;
    node = node.properties?.[part];
    if (node === undefined) return undefined;
  }
  return node.type ?? 'object';
}
