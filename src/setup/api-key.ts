import { PortlogError } from '../core/errors.ts';
import { boolean, record, tableOf, text } from '../core/shape.ts';
import { bulkRefusal } from '../sink/bulk/bulk.ts';
import { ELASTICSEARCH } from '../sink/elasticsearch/elasticsearch.ts';
import { jsonIn } from '../sink/transport/answer.ts';
import type { HttpClient, HttpRequest } from '../sink/transport/http.ts';
import { answeredAs, errorTextIn } from './ask.ts';

/** The minimum privileges for shipping: read the cluster's version and field types, create documents and data streams. */
const WRITER = {
  cluster: ['monitor'],
  indices: [
    { names: ['logs-nmap.*-*'], privileges: ['create_doc', 'auto_configure', 'view_index_metadata'] },
    { names: ['nmap-inventory-*'], privileges: ['index', 'auto_configure', 'view_index_metadata'] },
  ],
};

/** Makes an API key that may write events and nothing else; returns it in the form that portlog takes. */
export async function createApiKey(client: HttpClient, signal: AbortSignal): Promise<string> {
  await requireRights(client, signal);
  const body = JSON.stringify({ name: 'portlog', role_descriptors: { portlog_writer: WRITER }, metadata: { application: 'portlog' } });
  const request: HttpRequest = { method: 'POST', path: '/_security/api_key', body };
  const answer = await client.request(request, signal);
  if (answer.status === 400 && answer.body.includes('no handler found'))
    throw new PortlogError('setup-refused', `${client.url.origin} knows no API keys: security is switched off there`, {
      hint: 'it takes events without a key: leave --api-key out; or switch security on (xpack.security.enabled), because everybody who can connect may read and delete',
    });
  if (answer.status === 400 || answer.status === 403)
    throw new PortlogError(
      'setup-refused',
      `${client.url.origin} makes no API key with these credentials (${answer.status}: ${errorTextIn(answer)})`,
      {
        hint: 'an API key cannot create one with more rights than it has: use PORTLOG_ELASTICSEARCH_USER and _PASSWORD of somebody with manage_own_api_key',
      },
    );
  if (answer.status !== 200) throw bulkRefusal(client.url, answer, ELASTICSEARCH);
  // The answer is not quoted, because it may contain a key.
  const made = jsonIn(answer.body);
  if (KEY(made)) return made.encoded;
  throw new PortlogError('setup-refused', `${client.url.origin} answered to ${request.method} ${request.path} with no API key`, {
    hint: 'check the address, and proxies between portlog and the server',
  });
}

const KEY = record({ encoded: text });

/**
 * Refuses to create a key with too few privileges: a key has the privileges written into it only as far as its creator has them, and the
 * server does not report the difference.
 * https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-security-create-api-key
 */
async function requireRights(client: HttpClient, signal: AbortSignal): Promise<void> {
  const body = JSON.stringify({ cluster: WRITER.cluster, index: WRITER.indices });
  const request: HttpRequest = { method: 'POST', path: '/_security/user/_has_privileges', body };
  const answer = await client.request(request, signal);
  if (answer.status !== 200) return;
  const { cluster, index } = answeredAs(client, request, answer, PRIVILEGES);
  const lacking = [...missingIn(cluster, 'the cluster'), ...Object.entries(index).flatMap(([names, has]) => missingIn(has, names))];
  if (lacking.length === 0) return;
  throw new PortlogError('setup-refused', `a key that these credentials make could not ship: they lack ${lacking.join(', ')} themselves`, {
    hint: 'no API key was made: use the credentials of somebody who has that, too (docs/how-to/elasticsearch.md names all that set-up needs)',
  });
}

function missingIn(has: Readonly<Record<string, boolean>>, where: string): readonly string[] {
  return Object.entries(has).flatMap(([privilege, isThere]) => (isThere ? [] : [`"${privilege}" on ${where}`]));
}

const PRIVILEGES = record({ cluster: tableOf(boolean), index: tableOf(tableOf(boolean)) });
