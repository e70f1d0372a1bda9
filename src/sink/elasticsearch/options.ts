import { BULK, type BulkOptions } from '../bulk/options.ts';
import type { SinkSettings } from '../settings.ts';

export interface ElasticsearchOptions extends BulkOptions {
  readonly type: 'elasticsearch';
}

export const ELASTICSEARCH_SETTINGS: SinkSettings = {
  type: 'elasticsearch',
  description: 'Elasticsearch',
  properties: BULK,
};
