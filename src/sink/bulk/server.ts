import type { Diagnosis } from '../sink.ts';
import type { HttpAnswer, HttpClient } from '../transport/http.ts';

/** Differences between servers with a `_bulk` API. */
export interface BulkServer {
  /** The name that `--to` uses. */
  readonly type: 'elasticsearch' | 'opensearch';
  /** The name that people use. */
  readonly product: string;
  /** Extra query parameters of requests to data streams. */
  readonly toStreams: string;
  /** Hint for a 403. */
  readonly rights: string;
  /** Hint: privileges for checking the set-up. */
  readonly checkHint: string;
  /** Hint: which credentials the server accepts. */
  readonly credentials: string;
  /** Checks by `GET /` that it is this server in a supported version. */
  diagnose(origin: string, root: HttpAnswer): Diagnosis;
  /** Checks whether the credentials may write, if the server can tell. */
  mayWrite?(client: HttpClient, namespace: string, signal: AbortSignal): Promise<readonly Diagnosis[]>;
}
