import type { HttpServerOptions } from '../options.ts';
import { eventBytes, HTTP_SERVER, TENANT, type SinkSettings } from '../settings.ts';

/** Below the 1 MB of Kafka behind a Collector, and below 2 MiB: VictoriaLogs drops larger records, and answers 200. */
export const DEFAULT_MAX_EVENT_BYTES = 900_000;

export interface OtlpOptions extends HttpServerOptions {
  readonly type: 'otlp';
  /** Encoding of requests. Default protobuf, which every receiver must accept; not all accept JSON. */
  readonly encoding?: 'json' | 'protobuf' | undefined;
  /** Maximum size of an event, in bytes of JSON. Longer ones are shortened. */
  readonly maxEventBytes?: number | undefined;
}

export const OTLP_SETTINGS: SinkSettings = {
  type: 'otlp',
  description: 'Any receiver of OpenTelemetry logs (OTLP) over HTTP',
  properties: {
    ...HTTP_SERVER,
    ...TENANT,
    encoding: {
      enum: ['json', 'protobuf'],
      description: 'Encoding of OTLP. Default: protobuf, which every receiver accepts',
    },
    maxEventBytes: eventBytes(DEFAULT_MAX_EVENT_BYTES, 'because Kafka behind a Collector takes 1 MB, and VictoriaLogs drops events of 2 MiB'),
  },
};
