import type { Field, FieldType } from '../../../src/event/fields/field.ts';
import { type FieldNode, fieldTree } from './field-tree.ts';

const META = { managed_by: 'portlog', description: 'Events of portlog' };

const INGESTED = 'Sets event.ingested: rules window on it, because scans arrive late.';

/** Differences between Elasticsearch and OpenSearch. */
interface Dialect {
  /** The description, and the mark by which `setup` recognises the file as portlog's. */
  readonly pipeline: object;
  readonly ingested: object;
  /** The user's own pipeline and templates, where they may be missing. */
  readonly customPipeline: readonly object[];
  readonly custom: (name: string) => object;
  readonly types: Readonly<Record<FieldType, object>>;
}

/**
 * What `portlog setup elasticsearch` installs, by file name. Only types that every distribution has:
 * `wildcard`, `constant_keyword`, `match_only_text` and the managed templates are not everywhere.
 */
export function elasticsearchFiles(fields: readonly Field[]): Readonly<Record<string, object>> {
  return templateFiles(fields, {
    pipeline: { description: INGESTED, _meta: META },
    ingested: { set: { field: 'event.ingested', copy_from: '_ingest.timestamp' } },
    // Elastic's network views use `destination`. The pipeline sets it, so that portlog need not send it.
    customPipeline: [
      copied('server.ip', 'destination.ip'),
      copied('server.port', 'destination.port'),
      { pipeline: { name: 'logs-nmap@custom', ignore_missing_pipeline: true, description: 'Yours, if you make it' } },
    ],
    custom: (name) => ({ composed_of: ['logs-nmap@mappings', 'logs-nmap@settings', name], ignore_missing_component_templates: [name] }),
    types: TYPES,
  });
}

/** Does nothing for an event without `server`, such as that of a run. */
function copied(from: string, to: string): object {
  return { set: { field: to, copy_from: from, ignore_empty_value: true, ignore_failure: true } };
}

/** OpenSearch has no `copy_from`, no `_meta` of pipelines, no optional component templates, and another type for flattened fields. */
export function opensearchFiles(fields: readonly Field[]): Readonly<Record<string, object>> {
  const files = templateFiles(fields, {
    pipeline: { description: `portlog: ${INGESTED}` },
    ingested: { set: { field: 'event.ingested', value: '{{{_ingest.timestamp}}}' } },
    customPipeline: [],
    custom: (name) => ({ composed_of: ['logs-nmap@mappings', 'logs-nmap@settings', name] }),
    types: { ...TYPES, flattened: { type: 'flat_object' } },
  });
  const custom = { template: {}, _meta: { description: 'Yours: settings and fields beside those of portlog, which never writes here again' } };
  return { ...files, 'custom': custom, 'inventory-custom': custom };
}

function templateFiles(fields: readonly Field[], { pipeline, ingested, customPipeline, custom, types }: Dialect): Readonly<Record<string, object>> {
  return {
    'pipeline': { ...pipeline, processors: [ingested, ...customPipeline] },
    'component-mappings': {
      template: {
        mappings: {
          dynamic: false,
          date_detection: false,
          dynamic_templates: [{ labels: { path_match: 'labels.*', mapping: KEYWORD } }],
          properties: properties(fieldTree(fields).children, types),
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
    'index-template': { index_patterns: ['logs-nmap.*-*'], priority: 250, data_stream: {}, ...custom('logs-nmap@custom'), _meta: META },
    'inventory-template': { index_patterns: ['nmap-inventory-*'], priority: 250, ...custom('nmap-inventory@custom'), _meta: META },
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

function properties(children: FieldNode['children'], types: Dialect['types']): object {
  return Object.fromEntries([...children].map(([name, child]) => [name, mappingOf(child, types)]));
}

function mappingOf({ field, children }: FieldNode, types: Dialect['types']): object {
  return children.size > 0 ? { properties: properties(children, types) } : types[field?.type ?? 'object'];
}
