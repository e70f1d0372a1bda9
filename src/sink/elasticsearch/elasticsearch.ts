import type { ElasticsearchOptions } from './options.ts';
import { boolean, record, tableOf } from '../../core/shape.ts';
import { answerAs } from '../transport/answer.ts';
import { aboutServer, bulkSink, notThere } from '../bulk/bulk.ts';
import type { BulkServer } from '../bulk/server.ts';
import type { HttpClient } from '../transport/http.ts';
import type { Diagnosis, Sink } from '../sink.ts';
import { isAtLeast } from '../transport/version.ts';

/** First version with `require_data_stream`. */
const OLDEST = [8, 13] as const;

export const ELASTICSEARCH: BulkServer = {
  type: 'elasticsearch',
  product: 'Elasticsearch',
  // Refuses to create an index for a mistyped name.
  toStreams: '&require_data_stream=true',
  rights: 'portlog setup elasticsearch --api-key makes a key with the privileges that are needed',
  checkHint:
    'give them the cluster privilege "monitor" and, on logs-nmap.*-* and nmap-inventory-*, "view_index_metadata" (portlog setup elasticsearch --api-key makes such a key)',
  credentials: 'PORTLOG_ELASTICSEARCH_API_KEY, or PORTLOG_ELASTICSEARCH_USER and PORTLOG_ELASTICSEARCH_PASSWORD',
  diagnose(origin, { body, headers }) {
    const { version, distribution } = aboutServer(body);
    if (distribution === 'opensearch')
      return { level: 'error', message: `${origin} is OpenSearch ${version}, not Elasticsearch`, hint: `use --to opensearch=${origin}` };
    if (headers['x-elastic-product'] !== 'Elasticsearch' || version === '') return notThere(origin, this);
    if (!isAtLeast(version, OLDEST))
      return { level: 'error', message: `${origin} is Elasticsearch ${version}; portlog needs 8.13 or newer`, hint: 'upgrade the cluster' };
    return { level: 'ok', message: `Elasticsearch ${version} at ${origin}` };
  },
  mayWrite: privileges,
};

/** Privileges for writing; without the second of each, documents go only to existing indices. */
const WRITES = (namespace: string): readonly { readonly names: readonly [string]; readonly privileges: readonly [string, string] }[] => [
  { names: [`logs-nmap.port-${namespace}`], privileges: ['create_doc', 'auto_configure'] },
  { names: [`nmap-inventory-${namespace}`], privileges: ['index', 'auto_configure'] },
];

/** https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-security-has-privileges */
async function privileges(client: HttpClient, namespace: string, signal: AbortSignal): Promise<readonly Diagnosis[]> {
  const index = WRITES(namespace);
  const request = { method: 'POST', path: '/_security/user/_has_privileges', body: JSON.stringify({ index }) } as const;
  const { status, body } = await client.request(request, signal);
  // Without security there are no privileges.
  if (status !== 200) return [];
  const { index: has } = answerAs(`${client.url.origin} to POST ${request.path}`, body, PRIVILEGES);
  const lacking = index.flatMap(({ names: [name], privileges: wanted }) =>
    wanted.filter((one) => has[name]?.[one] !== true).map((privilege) => ({ name, privilege })),
  );
  if (lacking.length === 0) return [{ level: 'ok', message: 'these credentials may write events and the inventory' }];
  const words = lacking.map(({ name, privilege }) => `"${privilege}" on ${name}`).join(', ');
  const isGrave = lacking.some(({ privilege }) => privilege !== 'auto_configure');
  return [{ level: isGrave ? 'error' : 'warning', message: `these credentials lack the index privilege ${words}`, hint: ELASTICSEARCH.rights }];
}

const PRIVILEGES = record({ index: tableOf(tableOf(boolean)) });

/** https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk */
export function elasticsearchSink(options: ElasticsearchOptions): Sink {
  return bulkSink(options, ELASTICSEARCH);
}
