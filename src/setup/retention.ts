import { PortlogError } from '../core/errors.ts';
import { bulkRefusal } from '../sink/bulk/bulk.ts';
import type { BulkServer } from '../sink/bulk/server.ts';
import { placesOf, UNKNOWN } from '../sink/bulk/write-targets.ts';
import type { HttpClient } from '../sink/transport/http.ts';

/**
 * Retention is set in one template or policy for all namespaces, so a call for one namespace must not delete events of others. Throws
 * `setup-refused` when there are other namespaces.
 */
export async function refuseForOthers(client: HttpClient, server: BulkServer, namespace: string | undefined, signal: AbortSignal): Promise<void> {
  if (namespace === undefined) return;
  const places = await placesOf(client, '*', (answer) => bulkRefusal(client.url, answer, server), signal);
  const names = places === UNKNOWN ? [] : places.map(({ name }) => name);
  const [other, ...more] = names.filter((name) => name.startsWith('logs-') && !isOf(namespace, name));
  if (other === undefined) return;
  const rest = more.length === 0 ? '' : ` and ${more.length} more`;
  throw new PortlogError('setup-refused', `--retention-days counts for every namespace, so events of ${other}${rest} would be deleted, too`, {
    hint: 'leave the namespace out when that is meant; for one namespace alone: docs/how-to/elasticsearch.md (of OpenSearch: opensearch.md)',
  });
}

/** `-before`: the data stream in which `--repair` has put documents of a plain index. */
function isOf(namespace: string, name: string): boolean {
  return name.endsWith(`-${namespace}`) || name.endsWith(`-${namespace}-before`);
}
