import { type Batch, type Entry, type Outcome, type Refusal, type Rejection, SinkError } from './sink.ts';

/** One item of a `_bulk` answer, as far as `filter_path` asks for it. */
interface BulkItem {
  readonly status?: number;
  readonly error?: { readonly type?: string; readonly reason?: string };
  readonly failure_store?: string;
}

type Fate = 'delivered' | 'already' | 'retry' | 'rejected';

/** Reads the answer to a `_bulk` request item by item: a 200 for the whole says nothing about a document. */
export function bulkOutcome(batch: Batch, body: string): Outcome {
  const items = itemsOf(body);
  if (items.length !== batch.entries.length)
    throw new SinkError('temporary', `the answer to _bulk names ${items.length} of ${batch.entries.length} documents`);
  let delivered = 0;
  let already = 0;
  const retry: Entry[] = [];
  let refusal: Refusal | undefined;
  const rejected: Rejection[] = [];
  batch.entries.forEach((entry, index) => {
    const item = items[index] as BulkItem;
    const fate = fateOf(item);
    if (fate === 'delivered') delivered++;
    else if (fate === 'already') already++;
    else if (fate === 'retry') {
      retry.push(entry);
      refusal ??= { reason: reasonOf(item), status: item.status ?? 0 };
    } else rejected.push({ entry, reason: reasonOf(item), status: item.status ?? 0 });
  });
  return { delivered, already, retry, rejected, ...(refusal === undefined ? {} : { refusal }) };
}

/**
 * A 201 with `failure_store: used` landed beside the data stream, where no dashboard looks:
 * https://www.elastic.co/docs/manage-data/data-store/data-streams/failure-store
 */
function fateOf({ status = 0, failure_store }: BulkItem): Fate {
  if (failure_store === 'used') return 'rejected';
  if (status >= 200 && status < 300) return 'delivered';
  if (status === 409) return 'already';
  return status === 429 || status >= 500 ? 'retry' : 'rejected';
}

function reasonOf({ error, failure_store }: BulkItem): string {
  if (error !== undefined) return [error.type, error.reason].filter((word) => word !== undefined).join(': ');
  return failure_store === 'used' ? 'the document did not fit the mapping and went to the failure store' : 'no reason given';
}

function itemsOf(body: string): readonly BulkItem[] {
  try {
    const { items } = JSON.parse(body) as { readonly items: readonly Readonly<Record<string, BulkItem>>[] };
    return items.map((item) => Object.values(item)[0] ?? {});
  } catch (cause) {
    throw new SinkError('temporary', 'the answer to _bulk is not what Elasticsearch writes', {
      hint: 'check what stands between portlog and the server',
      cause,
    });
  }
}
