import type { BulkOptions } from '../bulk/options.ts';
import { ADDRESS, API_KEY, COMPRESSION, LOGIN, NARROWING, TLS, type SinkSettings } from '../settings.ts';

export interface ElasticsearchOptions extends BulkOptions {
  readonly type: 'elasticsearch';
}

export const ELASTICSEARCH_SETTINGS: SinkSettings = {
  type: 'elasticsearch',
  description: 'Elasticsearch',
  properties: {
    ...ADDRESS,
    ...API_KEY,
    ...LOGIN,
    ...TLS,
    ...COMPRESSION,
    ...NARROWING,
    trustSetUp: {
      type: 'boolean',
      description: 'Send although the credentials may not see whether `portlog setup` was run. Default: false',
    },
  },
};
