import type { BulkOptions } from '../bulk/options.ts';
import { ADDRESS, API_KEY, COMPRESSION, LOGIN, NARROWING, TLS, type SinkSettings } from '../settings.ts';

export interface OpenSearchOptions extends BulkOptions {
  readonly type: 'opensearch';
}

export const OPENSEARCH_SETTINGS: SinkSettings = {
  type: 'opensearch',
  description: 'OpenSearch',
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
