import type { HttpServerOptions } from '../options.ts';
import { eventBytes, HTTP_SERVER, type SinkSettings } from '../settings.ts';

/** Below 256 KiB: VictoriaLogs drops longer lines, and some of their neighbours, and answers 200. */
export const DEFAULT_MAX_EVENT_BYTES = 256_000;

export interface HttpSinkOptions extends HttpServerOptions {
  readonly type: 'http';
  /** The text around each event, with `{}` for the event or `{message}` for its message. */
  readonly envelope?: string | undefined;
  /** Content type of requests, for receivers that accept only one. */
  readonly contentType?: string | undefined;
  /** Maximum size of an event. Longer ones are shortened. */
  readonly maxEventBytes?: number | undefined;
}

export const HTTP_SETTINGS: SinkSettings = {
  type: 'http',
  description: 'Any receiver of JSON lines over HTTP, and chats',
  properties: {
    ...HTTP_SERVER,
    envelope: {
      type: 'string',
      description:
        'Text around each event: {} is replaced by the event, {message} by its message. With {message}, for chats, each event is one request. Default: {}',
    },
    headers: {
      type: 'object',
      additionalProperties: {
        type: 'string',
      },
      propertyNames: {
        pattern: '^[a-z0-9-]+$',
        $comment: 'only lower-case letters, digits and hyphens',
        examples: ['x-team'],
      },
      description: 'Headers of every request, with names in lower case',
    },
    contentType: {
      type: 'string',
      pattern: '^[a-z]+/[A-Za-z0-9.+-]+(?:; ?[a-z]+=[A-Za-z0-9-]+)?$',
      $comment: 'a type of content',
      description:
        'Content type of requests; Fluent Bit accepts application/json only. Default: application/x-ndjson; with {message}: application/json',
    },
    maxEventBytes: eventBytes(DEFAULT_MAX_EVENT_BYTES, 'because VictoriaLogs silently drops longer ones'),
  },
};
