import type { FileOptions, HttpServerOptions, StreamOptions } from '../options.ts';
import { ADDRESS, LOGIN, NARROWING, PATH, ROTATION, STREAM, TLS, type SinkSettings } from '../settings.ts';

export interface WazuhOptions extends HttpServerOptions, FileOptions, StreamOptions {
  readonly type: 'wazuh';
  /** Maximum rate; an agent forwards 500 events a second. */
  readonly eventsPerSecond?: number | undefined;
}

export const WAZUH_SETTINGS: SinkSettings = {
  type: 'wazuh',
  description: 'Wazuh, by file, API or syslog',
  properties: {
    ...ADDRESS,
    ...PATH,
    ...LOGIN,
    ...TLS,
    ...ROTATION,
    ...STREAM,
    ...NARROWING,
    eventsPerSecond: {
      type: 'integer',
      minimum: 1,
      description: 'Lines per second, at most: an agent drops what it cannot forward. Default: 400',
    },
  },
};
