import type { HttpServerOptions } from '../options.ts';
import { HTTP_SERVER, type SinkSettings } from '../settings.ts';

/** Options that Elasticsearch and OpenSearch share. */
export interface BulkOptions extends HttpServerOptions {
  /** Send although these credentials may not check the set-up. */
  readonly trustSetUp?: boolean | undefined;
}

/** Settings that both share. */
export const BULK: SinkSettings['properties'] = {
  ...HTTP_SERVER,
  trustSetUp: {
    type: 'boolean',
    description: 'Send even if the credentials are not allowed to check whether `portlog setup` was run. Default: false',
  },
};
