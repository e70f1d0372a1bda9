import type { HttpServerOptions } from '../options.ts';
import { HTTP_SERVER, TENANT, type SinkSettings } from '../settings.ts';

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
    ...TENANT,
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
