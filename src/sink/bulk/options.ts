import type { HttpServerOptions } from '../options.ts';

/** What Elasticsearch and OpenSearch have in common. */
export interface BulkOptions extends HttpServerOptions {
  /** Send although these credentials may not see whether set-up is right. */
  readonly trustSetUp?: boolean | undefined;
}
