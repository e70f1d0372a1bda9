import type { HttpServerOptions } from '../options.ts';
import { HTTP_SERVER, type SinkSettings } from '../settings.ts';

export interface LokiOptions extends HttpServerOptions {
  readonly type: 'loki';
  /** Labels in addition to portlog's own. */
  readonly streamLabels?: Readonly<Record<string, string>> | undefined;
}

export const LOKI_SETTINGS: SinkSettings = {
  type: 'loki',
  description: 'Loki',
  properties: {
    ...HTTP_SERVER,
    tenant: {
      type: 'string',
      minLength: 1,
      description: 'Tenant: value of the header X-Scope-OrgID',
    },
    streamLabels: {
      type: 'object',
      additionalProperties: {
        type: 'string',
        minLength: 1,
      },
      description: 'Labels in addition to service_name, dataset and site; use few, with few values',
    },
  },
};
