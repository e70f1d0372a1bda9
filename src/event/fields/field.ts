/** Elasticsearch's field type, or a more specific one of portlog's. */
export type FieldType = 'keyword' | 'long_keyword' | 'text' | 'ip' | 'long' | 'float' | 'date' | 'boolean' | 'flattened' | 'labels' | 'object';

/** One field of an event: the schema, the mapping and docs/reference/events.md are made from this. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** It holds an array. */
  readonly many: boolean;
  /** Element and attribute of nmap's XML. */
  readonly source: string;
  readonly example: unknown;
  readonly about: string;
}

export function field(name: string, type: FieldType, many: boolean, source: string, example: unknown, about: string): Field {
  return { name, type, many, source, example, about };
}
