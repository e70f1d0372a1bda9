import type { HttpServerOptions } from '../options.ts';
import { eventBytes, HTTP_SERVER, type SinkSettings } from '../settings.ts';

/** Below the 256 KiB at which VictoriaLogs leaves a line out, and some of its neighbours, and answers 200. */
export const DEFAULT_MAX_EVENT_BYTES = 256_000;

export interface HttpSinkOptions extends HttpServerOptions {
  readonly type: 'http';
  /** What stands around each event, with `{}` in its place, or its line of text in that of `{message}`. */
  readonly envelope?: string | undefined;
  /** What the lines are called, for receivers that know one word only. */
  readonly contentType?: string | undefined;
  /** Of one event. A longer one is shortened. */
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
    maxEventBytes: eventBytes(DEFAULT_MAX_EVENT_BYTES, 'because VictoriaLogs leaves out longer ones without a word'),
  },
};
