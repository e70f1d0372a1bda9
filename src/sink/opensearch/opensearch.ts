import type { OpenSearchOptions } from './options.ts';
import { aboutServer, bulkSink, notThere } from '../bulk/bulk.ts';
import type { BulkServer } from '../bulk/server.ts';
import type { Sink } from '../sink.ts';
import { isAtLeast } from '../transport/version.ts';

/** First version with `flat_object`. */
const OLDEST = [2, 7] as const;

export const OPENSEARCH: BulkServer = {
  type: 'opensearch',
  product: 'OpenSearch',
  // OpenSearch has no `require_data_stream`; `check` makes sure that the index template creates data streams.
  toStreams: '',
  rights: 'docs/how-to/opensearch.md shows a role with the rights that are needed',
  checkHint: 'docs/how-to/opensearch.md shows a role that may look',
  credentials: 'PORTLOG_OPENSEARCH_USER and PORTLOG_OPENSEARCH_PASSWORD',
  diagnose(origin, { body, headers }) {
    const { version, distribution } = aboutServer(body);
    if (headers['x-elastic-product'] === 'Elasticsearch' && version !== '')
      return { level: 'error', message: `${origin} is Elasticsearch ${version}, not OpenSearch`, hint: `use --to elasticsearch=${origin}` };
    if (distribution !== 'opensearch') return notThere(origin, this);
    if (!isAtLeast(version, OLDEST))
      return { level: 'error', message: `${origin} is OpenSearch ${version}; portlog needs 2.7 or newer`, hint: 'upgrade the cluster' };
    return { level: 'ok', message: `OpenSearch ${version} at ${origin}` };
  },
};

/** https://docs.opensearch.org/latest/api-reference/document-apis/bulk/ */
export function opensearchSink(options: OpenSearchOptions): Sink {
  return bulkSink(options, OPENSEARCH);
}
