import type { BulkOptions } from './options.ts';
import { ecsParts } from '../../event/ecs.ts';
import { INVENTORY, type LogEvent } from '../../event/event.ts';
import { jsonIn, nameAt, wordsAt } from '../transport/answer.ts';
import { batchBody, encoded, BufferPool } from '../transport/body.ts';
import { bulkOutcome } from './outcome.ts';
import type { BulkServer } from './server.ts';
import { SetUp } from './set-up.ts';
import { type HttpAnswer, type HttpClient, httpClient } from '../transport/http.ts';
import { behindStatus, redirection, unavailable, wrongCredentials } from '../transport/refusal.ts';
import { accepting } from '../only.ts';
import { addressOf, ELASTICSEARCH_URL, scopeOf, urlOf } from '../address.ts';
import { inHalves } from '../outcome.ts';
import { shownAddress, shownWay } from '../shown.ts';
import { MAX_EVENT_BYTES, type Diagnosis, type Encoded, type Refusal, type Sink, SinkError } from '../sink.ts';

/** A batch is a row of the spool, so at most a MiB. Order does not matter, because each document has its id. */
const LIMITS = { maxEvents: 2000, maxBytes: 1 << 20, maxEventBytes: MAX_EVENT_BYTES, inFlight: 4, inFlightPerPartition: 4 };
/**
 * Asks for the members that decide the fate of each document, and for ids: without them, a mismatched answer would mark other documents as
 * delivered. Ids make the answer to 1,000 documents 41 KB longer (67 instead of 26), and parsing it 0.13 ms slower (0.29 instead of 0.16, Node
 * 24).
 */
const BULK = '/_bulk?filter_path=errors,items.*._id,items.*.status,items.*.error.type,items.*.error.reason,items.*.failure_store';
/** The partition of inventory records, which go to an index rather than a data stream. */
const RECORDS = 'inventory';

/**
 * `_bulk` with `create` into the data streams `logs-<dataset>-<namespace>`, the event id as `_id`, so that the
 * same event twice is one document; records of the inventory with a version into an index.
 */
export function bulkSink(options: BulkOptions, server: BulkServer): Sink {
  const url = urlOf(options, ELASTICSEARCH_URL);
  const client = httpClient(options, url);
  const scratch = new BufferPool(LIMITS.maxBytes);
  const { namespace, caFile, trustSetUp: isTrusted = false } = options;
  const setUp = new SetUp({ client, server, namespace, caFile, isTrusted, refusal: (answer) => bulkRefusal(url, answer, server) });

  return {
    name: `${server.type} ${shownAddress(url)}`,
    identity: { type: server.type, target: addressOf(url), scope: scopeOf({ namespace }, options) },
    limits: LIMITS,
    undeliverable: 'keep',
    accepts: accepting(options, [INVENTORY]),
    encode: (event) => (event.dataset === INVENTORY ? encodedRecord(event, namespace) : encodedEvent(event, namespace)),
    async check(signal) {
      const about = await aboutBulk(client, server, signal);
      if (about.some(({ level }) => level === 'error')) return about;
      return [...about, ...(await setUp.look(signal)), ...((await server.mayWrite?.(client, namespace, signal)) ?? [])];
    },
    async send(batch, signal) {
      await setUp.require(signal);
      const body = batchBody(batch, scratch);
      const path = batch.partition === RECORDS ? BULK : `${BULK}${server.toStreams}`;
      const answer = await client.request({ method: 'POST', path, body, contentType: 'application/x-ndjson' }, signal);
      // With any other status, the answer may have come before the whole body was read, so the buffer is not used again.
      if (answer.status === 200) scratch.release(body);
      if (answer.status >= 200 && answer.status < 300)
        return bulkOutcome(batch, batch.partition === RECORDS ? 'index' : 'create', answer.body, (refusal) => {
          setUp.forget();
          return blockedError(url, refusal, server, shownWay(url, caFile));
        });
      if (answer.status === 413) return inHalves(batch.entries);
      throw bulkRefusal(client.url, answer, server);
    },
    close: () => client.close(),
  };
}

function encodedEvent(event: LogEvent, namespace: string): Encoded {
  const index = `logs-${event.dataset}-${namespace}`;
  const [shared, own] = ecsParts(event);
  return encoded([`{"create":{"_index":"${index}","_id":"${event.id}"}}\n`, shared, own, '\n']);
}

/**
 * An inventory record, with the revision as its external version: the latest one stays, in whatever order they arrive. For an older one the
 * server answers 409, which counts as delivered before.
 * https://www.elastic.co/docs/reference/elasticsearch/rest-apis/optimistic-concurrency-control
 */
function encodedRecord(event: LogEvent, namespace: string): Encoded {
  const action = { index: { _index: `nmap-inventory-${namespace}`, _id: event.id, version: event.revision, version_type: 'external' } };
  return encoded([`${JSON.stringify(action)}\n`, ...ecsParts(event), '\n'], RECORDS);
}

/** The meaning of an answer about the whole request. */
export function bulkRefusal(url: URL, answer: HttpAnswer, { product, rights, credentials }: BulkServer): SinkError {
  const { status, body } = answer;
  const where = url.origin;
  const errorText = behindStatus(serverReason(body));
  if (status === 401) return wrongCredentials(url, answer, errorText, `set ${credentials}`);
  if (status === 403) return new SinkError('permanent', `${where} does not allow this with these credentials (403${errorText})`, { hint: rights });
  const redirected = redirection(url, answer);
  if (redirected !== undefined) return redirected;
  if (status === 429 || status >= 500) return unavailable(url, answer, errorText);
  if (status === 404) return new SinkError('permanent', `${where} has no _bulk (404${errorText}): it is not ${product}`, { hint: 'check the URL' });
  return new SinkError('permanent', `${where} refuses the request (${status}${errorText})`, { hint: 'check the URL' });
}

/**
 * The error for documents that are refused one by one for a reason that concerns the sender: a missing privilege, a write block, a deleted
 * template.
 */
function blockedError({ origin }: URL, { status, reason }: Refusal, { rights, type }: BulkServer, way: string): SinkError {
  const setUp = `see whether it is set up: portlog check --to ${type}=${way}`;
  const hint = reason.includes('security_exception') ? rights : status === 404 ? setUp : 'once that is fixed, what waits is sent';
  return new SinkError('permanent', `${origin} does not accept these events (${status}: ${reason.slice(0, 300)})`, { hint });
}

/** Answers to `GET /` of what has nothing there, or does not know the method. */
const NOT_THERE: ReadonlySet<number> = new Set([404, 405, 501]);

async function aboutBulk(client: HttpClient, server: BulkServer, signal: AbortSignal): Promise<readonly Diagnosis[]> {
  const { origin } = client.url;
  const root = await client.request({ method: 'GET', path: '/' }, signal);
  if (NOT_THERE.has(root.status)) return [notThere(origin, server)];
  if (root.status === 401 || root.status === 429 || root.status >= 500 || (root.status >= 300 && root.status < 400))
    throw bulkRefusal(client.url, root, server);
  return root.status === 200 ? [server.diagnose(origin, root)] : [];
}

export function notThere(origin: string, { product }: Pick<BulkServer, 'product'>): Diagnosis {
  return { level: 'error', message: `what answers at ${origin} is not ${product}`, hint: 'check the URL; the port is usually 9200' };
}

/** Name and version of the server, from `GET /`. */
export function aboutServer(body: string): { readonly version: string; readonly distribution: string | undefined } {
  const about = jsonIn(body);
  return { version: nameAt(about, 'version', 'number') ?? '', distribution: nameAt(about, 'version', 'distribution') };
}

/** `type: reason` from an error body, shortened; empty when it says nothing. */
function serverReason(body: string): string {
  const answer = jsonIn(body);
  const words = [wordsAt(answer, 'error'), wordsAt(answer, 'error', 'type'), wordsAt(answer, 'error', 'reason')];
  return words
    .filter((word) => word !== undefined)
    .join(': ')
    .slice(0, 200);
}
