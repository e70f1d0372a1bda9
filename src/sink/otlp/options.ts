import type { HttpServerOptions } from '../options.ts';
import { HTTP_SERVER, type SinkSettings } from '../settings.ts';

export interface OtlpOptions extends HttpServerOptions {
  readonly type: 'otlp';
  /** Of requests. Protobuf unless told otherwise: every receiver must take it, not every one takes JSON. */
  readonly encoding?: 'json' | 'protobuf' | undefined;
}

export const OTLP_SETTINGS: SinkSettings = {
  type: 'otlp',
  description: 'Any receiver of OpenTelemetry logs, over HTTP',
  properties: {
    ...HTTP_SERVER,
    tenant: {
      type: 'string',
      minLength: 1,
      description: 'X-Scope-OrgID',
    },
    encoding: {
      enum: ['json', 'protobuf'],
      description: 'Default: protobuf, which every receiver takes',
    },
  },
};
