import type { Field, FieldType } from '../src/event/fields.ts';
import { type FieldNode, fieldTree } from './field-tree.ts';

const META = { managed_by: 'portlog', description: 'Events of portlog' };

/**
 * What `portlog setup elasticsearch` installs, by file name. Only types that every distribution has:
 * `wildcard`, `constant_keyword`, `match_only_text` and the managed templates are not everywhere.
 */
export function elasticsearchFiles(fields: readonly Field[]): Readonly<Record<string, object>> {
  return {
    'pipeline': {
      description: 'Sets event.ingested: rules window on it, because scans arrive late.',
      processors: [
        { set: { field: 'event.ingested', copy_from: '_ingest.timestamp' } },
        { pipeline: { name: 'logs-nmap@custom', ignore_missing_pipeline: true, description: 'Yours, if you make it' } },
      ],
      _meta: META,
    },
    'component-mappings': {
      template: {
        mappings: {
          dynamic: false,
          date_detection: false,
          dynamic_templates: [{ labels: { path_match: 'labels.*', mapping: KEYWORD } }],
          properties: properties(fieldTree(fields).children),
        },
      },
      _meta: META,
    },
    'component-settings': {
      template: {
        settings: {
          'index.default_pipeline': 'logs-nmap@pipeline',
          'index.mapping.ignore_malformed': false,
          'index.mapping.total_fields.limit': 1000,
        },
      },
      _meta: META,
    },
    'index-template': {
      index_patterns: ['logs-nmap.*-*'],
      priority: 250,
      data_stream: {},
      composed_of: ['logs-nmap@mappings', 'logs-nmap@settings', 'logs-nmap@custom'],
      ignore_missing_component_templates: ['logs-nmap@custom'],
      _meta: META,
    },
    'inventory-template': {
      index_patterns: ['nmap-inventory-*'],
      priority: 250,
      composed_of: ['logs-nmap@mappings', 'logs-nmap@settings', 'nmap-inventory@custom'],
      ignore_missing_component_templates: ['nmap-inventory@custom'],
      _meta: META,
    },
  };
}

const KEYWORD = { type: 'keyword', ignore_above: 1024 };

/** `ignore_malformed` stays off: a document that does not fit must come back as rejected, not lose a field quietly. */
const TYPES: Readonly<Record<FieldType, object>> = {
  keyword: KEYWORD,
  long_keyword: { type: 'keyword', ignore_above: 8191 },
  text: { type: 'text' },
  ip: { type: 'ip', ignore_malformed: false },
  long: { type: 'long', ignore_malformed: false },
  float: { type: 'float', ignore_malformed: false },
  date: { type: 'date', ignore_malformed: false },
  boolean: { type: 'boolean' },
  flattened: { type: 'flattened', ignore_above: 8191 },
  labels: { type: 'object', dynamic: true },
  object: { type: 'object' },
};

function properties(children: FieldNode['children']): object {
  return Object.fromEntries([...children].map(([name, child]) => [name, mappingOf(child)]));
}

function mappingOf({ field, children }: FieldNode): object {
  return children.size > 0 ? { properties: properties(children) } : TYPES[field?.type ?? 'object'];
}
