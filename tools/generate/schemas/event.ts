import { DATASETS, INVENTORY } from '../../../src/event/event.ts';
import type { Field, FieldType } from '../../../src/event/fields/field.ts';
import { type FieldNode, fieldTree } from './field-tree.ts';

const REQUIRED = ['@timestamp', 'message', 'ecs', 'event', 'data_stream', 'agent', 'observer', 'nmap'];

/** JSON Schema (2020-12) of an ECS event: no field but those of the catalogue. */
export function eventSchema(fields: readonly Field[]): object {
  const { children } = fieldTree(fields);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'portlog event',
    description: 'One event in ECS. Made from src/event/fields.ts by npm run generate.',
    ...objectSchema(children),
    required: REQUIRED,
  };
}

function objectSchema(children: FieldNode['children']): object {
  return {
    type: 'object',
    properties: Object.fromEntries([...children].map(([name, child]) => [name, schemaOf(child)])),
    additionalProperties: false,
  };
}

function schemaOf({ field, children }: FieldNode): object {
  if (field?.name === 'event.dataset') return { enum: [...DATASETS, INVENTORY] };
  const about = field === undefined || field.about === '' ? {} : { description: field.about };
  const one = children.size > 0 ? objectSchema(children) : TYPES[field?.type ?? 'object'];
  return field?.many === true ? { type: 'array', items: one, minItems: 1, ...about } : { ...one, ...about };
}

const TYPES: Readonly<Record<FieldType, object>> = {
  keyword: { type: 'string' },
  long_keyword: { type: 'string' },
  text: { type: 'string' },
  ip: { type: 'string', anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] },
  long: { type: 'integer', minimum: -(2 ** 63), maximum: 2 ** 63 - 1024 },
  float: { type: 'number', minimum: -3.4e38, maximum: 3.4e38 },
  date: { type: 'string', format: 'date-time' },
  boolean: { type: 'boolean' },
  flattened: { type: 'object' },
  labels: { type: 'object', additionalProperties: { type: 'string' } },
  object: { type: 'object' },
};
