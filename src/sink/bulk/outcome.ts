import { isHttpStatus, isObject, jsonIn, wordsAt, unknownAnswer } from '../transport/answer.ts';
import type { Batch, Entry, Outcome, Refusal, Rejection, SinkError } from '../sink.ts';

/** One item of a `_bulk` answer, as far as `filter_path` asks for it. */
interface BulkItem {
  readonly status: number;
  readonly reason: string | undefined;
  readonly isInFailureStore: boolean;
}

/** `blocked`: the document is correct, but its sender may not write there, or the set-up is missing. */
type Fate = 'delivered' | 'already' | 'retry' | 'blocked' | 'rejected';

/**
 * Reads the answer to a `_bulk` request item by item, because a 200 for the whole says nothing about a document. Every item must match the
 * document at its position by operation and id; otherwise the whole answer is rejected. Blocked documents are to be retried, with the error
 * from `blockedError` when no other document is to be retried.
 */
export function bulkOutcome(batch: Batch, operation: 'create' | 'index', body: string, blockedError: (refusal: Refusal) => SinkError): Outcome {
  const items = itemsOf(body, batch.entries, operation);
  let delivered = 0;
  let already = 0;
  const retry: Entry[] = [];
  let refusal: Refusal | undefined;
  let isOnlyBlocked = true;
  const rejected: Rejection[] = [];
  batch.entries.forEach((entry, index) => {
    const item = items[index] as BulkItem;
    const fate = fateOf(item);
    if (fate === 'delivered') delivered++;
    else if (fate === 'already') already++;
    else if (fate === 'retry' || fate === 'blocked') {
      retry.push(entry);
      isOnlyBlocked &&= fate === 'blocked';
      refusal ??= { reason: reasonOf(item), status: item.status };
    } else rejected.push({ entry, reason: reasonOf(item), status: item.status });
  });
  if (refusal === undefined) return { delivered, already, retry, rejected };
  return { delivered, already, retry, rejected, refusal, ...(isOnlyBlocked ? { blocked: blockedError(refusal) } : {}) };
}

/**
 * A 201 with `failure_store: used` is stored beside the data stream, where no dashboard looks:
 * https://www.elastic.co/docs/manage-data/data-store/data-streams/failure-store
 */
function fateOf({ status, reason, isInFailureStore }: BulkItem): Fate {
  if (isInFailureStore) return 'rejected';
  if (status >= 200 && status < 300) return 'delivered';
  if (status === 409) return 'already';
  if (status === 401 || status === 403 || (status === 404 && reason?.startsWith('index_not_found_exception') === true)) return 'blocked';
  return status === 429 || status >= 500 ? 'retry' : 'rejected';
}

function reasonOf({ reason, isInFailureStore }: BulkItem): string {
  return reason ?? (isInFailureStore ? 'the document did not fit the mapping and went to the failure store' : 'no reason given');
}

function itemsOf(body: string, entries: readonly Entry[], operation: string): readonly BulkItem[] {
  const answer = jsonIn(body);
  if (!isObject(answer) || typeof answer['errors'] !== 'boolean' || !Array.isArray(answer['items']))
    throw unknownAnswer('_bulk', 'the answer is not what Elasticsearch writes');
  const items = answer['items'] as readonly unknown[];
  if (items.length !== entries.length) throw unknownAnswer('_bulk', `the answer has ${items.length} of ${entries.length} documents`);
  const read = items.map((item, i) => itemOf(item, operation, entries[i]?.id));
  // A 409 counts as an error, too.
  if (answer['errors'] === false && read.some(({ status }) => status >= 300))
    throw unknownAnswer('_bulk', 'the answer says that there were no errors, but contains some');
  return read;
}

function itemOf(value: unknown, operation: string, id: string | undefined): BulkItem {
  const item = isObject(value) && Object.keys(value).length === 1 ? value[operation] : undefined;
  if (!isObject(item)) throw unknownAnswer('_bulk', `an item of the answer is not about "${operation}", which was asked for`);
  if (item['_id'] !== id) throw unknownAnswer('_bulk', 'an item of the answer is about another document than the one at its place');
  if (!isHttpStatus(item['status'])) throw unknownAnswer('_bulk', 'an item of the answer has no status');
  const { error, failure_store } = item;
  if (error !== undefined && !isObject(error) && typeof error !== 'string')
    throw unknownAnswer('_bulk', 'an item of the answer has an error that is none');
  const words = typeof error === 'string' ? [error] : [wordsAt(error, 'type'), wordsAt(error, 'reason')].filter((word) => word !== undefined);
  return {
    status: item['status'],
    reason: words.length === 0 ? undefined : words.join(': ').slice(0, 2000),
    isInFailureStore: failure_store === 'used',
  };
}
