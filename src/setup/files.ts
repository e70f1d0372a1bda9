import { readFile } from 'node:fs/promises';

/** What is installed into Elasticsearch, in this order: each stands on those before it. */
export const ELASTICSEARCH_FILES = [
  { file: 'pipeline.json', path: '/_ingest/pipeline/logs-nmap@pipeline', what: 'ingest pipeline logs-nmap@pipeline' },
  { file: 'component-mappings.json', path: '/_component_template/logs-nmap@mappings', what: 'component template logs-nmap@mappings' },
  { file: 'component-settings.json', path: '/_component_template/logs-nmap@settings', what: 'component template logs-nmap@settings' },
  { file: 'index-template.json', path: '/_index_template/logs-nmap', what: 'index template logs-nmap' },
  { file: 'inventory-template.json', path: '/_index_template/nmap-inventory', what: 'index template nmap-inventory' },
] as const;
export type SetupFile = (typeof ELASTICSEARCH_FILES)[number];

/** The JSON text of a file of schemas/elasticsearch/. */
export function readSetupFile(file: string): Promise<string> {
  return readFile(new URL(`../../schemas/elasticsearch/${file}`, import.meta.url), 'utf8');
}
