import { BULK, type BulkOptions } from '../bulk/options.ts';
import type { SinkSettings } from '../settings.ts';

export interface OpenSearchOptions extends BulkOptions {
  readonly type: 'opensearch';
}

export const OPENSEARCH_SETTINGS: SinkSettings = {
  type: 'opensearch',
  description: 'OpenSearch',
  properties: BULK,
};
