import type { HttpServerOptions } from '../options.ts';
import { HTTP_SERVER, type SinkSettings } from '../settings.ts';

/** What Elasticsearch and OpenSearch have in common. */
export interface BulkOptions extends HttpServerOptions {
  /** Send although these credentials may not see whether set-up is right. */
  readonly trustSetUp?: boolean | undefined;
}

/** The settings of both. */
export const BULK: SinkSettings['properties'] = {
  ...HTTP_SERVER,
  trustSetUp: {
    type: 'boolean',
    description: 'Send even if the credentials are not allowed to check whether `portlog setup` was run. Default: false',
  },
};
