import { aboutServer, type BulkServer, bulkSink, notThere } from './bulk.ts';
import type { SinkOptions } from './options.ts';
import type { Sink } from './sink.ts';
import { isAtLeast } from './version.ts';

/** `require_data_stream` is there since then. */
const OLDEST = [8, 13] as const;

export const ELASTICSEARCH: BulkServer = {
  type: 'elasticsearch',
  product: 'Elasticsearch',
  // Keeps a typing error from becoming an index.
  toStreams: '&require_data_stream=true',
  rights: 'portlog setup elasticsearch --api-key makes a key with the privileges that are needed',
  credentials: 'PORTLOG_ELASTICSEARCH_API_KEY, or PORTLOG_ELASTICSEARCH_USER and PORTLOG_ELASTICSEARCH_PASSWORD',
  diagnose(origin, { body, headers }) {
    const { version, distribution } = aboutServer(body);
    if (distribution === 'opensearch')
      return { level: 'error', message: `${origin} is OpenSearch ${version}, not Elasticsearch`, hint: `use --to opensearch=${origin}` };
    if (headers['x-elastic-product'] !== 'Elasticsearch') return notThere(origin, this);
    if (!isAtLeast(version, OLDEST))
      return { level: 'error', message: `${origin} is Elasticsearch ${version}; portlog needs 8.13 or newer`, hint: 'upgrade the cluster' };
    return { level: 'ok', message: `Elasticsearch ${version} at ${origin}` };
  },
};

/** https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk */
export function elasticsearchSink(options: SinkOptions): Sink {
  return bulkSink(options, ELASTICSEARCH);
}
