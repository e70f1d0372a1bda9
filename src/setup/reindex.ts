import { systemClock } from '../core/clock.ts';
import { PortlogError } from '../core/errors.ts';
import type { HttpClient, HttpRequest } from '../sink/transport/http.ts';
import { boolean, listOf, optional, record, text } from '../core/shape.ts';
import { done, successAs } from './ask.ts';
import { STORE_RIGHTS } from './rights.ts';

/** Milliseconds between two checks whether a copy is done. */
const EVERY_MS = 500;

/** The target of a copy: `create` for a data stream, external versions for an index. */
export type ReindexTarget = { readonly index: string; readonly op_type: 'create' } | { readonly index: string; readonly version_type: 'external' };

/**
 * Copies all documents of an index without changes: not through the ingest pipeline, which would set the time of arrival to now. Throws
 * `setup-refused` with the server's own words when a document does not fit.
 * https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-reindex
 */
export async function copyDocuments(client: HttpClient, from: string, to: ReindexTarget, signal: AbortSignal): Promise<void> {
  // Recent documents are not found before a refresh, and would be left behind.
  await done(client, { method: 'POST', path: `/${from}/_refresh` }, signal);
  const body = JSON.stringify({ source: { index: from }, dest: { ...to, pipeline: '_none' } });
  const start: HttpRequest = { method: 'POST', path: '/_reindex?refresh=true&wait_for_completion=false', body };
  const { task } = await successAs(client, start, record({ task: text }), signal);
  for (;;) {
    const { completed, error, response } = await successAs(client, { method: 'GET', path: `/_tasks/${encodeURIComponent(task)}` }, TASK, signal);
    if (!completed) {
      await systemClock.sleep(EVERY_MS, signal);
      continue;
    }
    const failure = error ?? response?.failures[0]?.cause;
    if (failure === undefined) return;
    throw new PortlogError('setup-refused', `the documents of ${from} could not be copied: ${failure.type}: ${failure.reason}`, {
      hint: failure.type === 'security_exception' ? STORE_RIGHTS : 'nothing was deleted; fix or delete that document, then try again',
    });
  }
}

const FAILURE = record({ type: text, reason: text });
const TASK = record({
  completed: boolean,
  error: optional(FAILURE),
  response: optional(record({ failures: listOf(record({ cause: FAILURE })) })),
});
