import { systemClock } from '../core/clock.ts';
import { PortlogError } from '../core/errors.ts';
import type { HttpClient } from '../sink/transport/http.ts';
import { wanted, wantedJson } from './step.ts';

/** How often a copy is asked whether it is done. */
const EVERY_MS = 500;

/** Where documents go, and how they keep what they are: `create` for a data stream, their own versions for an index. */
export type Copied = { readonly index: string; readonly op_type: 'create' } | { readonly index: string; readonly version_type: 'external' };

/**
 * Copies all documents of an index, as they are: through no pipeline, which would say that they have come just now. Throws
 * `setup-refused` with the server's own words when one of them does not fit.
 * https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-reindex
 */
export async function copyDocuments(client: HttpClient, from: string, to: Copied, signal: AbortSignal): Promise<void> {
  // What came just now is not found before that, and would be left behind.
  await wanted(client, { method: 'POST', path: `/${from}/_refresh` }, signal);
  const body = JSON.stringify({ source: { index: from }, dest: { ...to, pipeline: '_none' } });
  const started = await wantedJson(client, { method: 'POST', path: '/_reindex?refresh=true&wait_for_completion=false', body }, signal);
  const { task } = started as { readonly task: string };
  for (;;) {
    const { completed, error, response } = (await wantedJson(client, { method: 'GET', path: `/_tasks/${task}` }, signal)) as Task;
    if (!completed) {
      await systemClock.sleep(EVERY_MS, signal);
      continue;
    }
    const failure = error ?? response?.failures[0]?.cause;
    if (failure === undefined) return;
    throw new PortlogError('setup-refused', `the documents of ${from} could not be copied: ${failure.type}: ${failure.reason}`, {
      hint: 'nothing was taken away; mend or delete that document, then try again',
    });
  }
}

interface Task {
  readonly completed: boolean;
  readonly error?: Failure;
  readonly response?: { readonly failures: readonly { readonly cause: Failure }[] };
}

interface Failure {
  readonly type: string;
  readonly reason: string;
}
