import type { HttpServerOptions } from '../options.ts';
import { ADDRESS, LOGIN, NARROWING, TLS, type SinkSettings } from '../settings.ts';

export interface AlertmanagerOptions extends HttpServerOptions {
  readonly type: 'alertmanager';
  /** How long an alert stands there after portlog has said it last. */
  readonly lifetimeMs?: number | undefined;
  /** Where runbooks can be read, up to `/<id>.md`. */
  readonly runbooks?: string | undefined;
  /** Where everything about a host is, with `{address}` for it. */
  readonly hostDashboard?: string | undefined;
  /** Sites whose scans are known to be overdue from the configuration, and are told by events. */
  readonly watchedSites?: readonly string[] | undefined;
}

export const ALERTMANAGER_SETTINGS: SinkSettings = {
  type: 'alertmanager',
  description: 'Alertmanager of Prometheus: each alert once',
  properties: {
    ...ADDRESS,
    ...LOGIN,
    ...TLS,
    ...NARROWING,
    urls: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'string',
        pattern: '^https?://[^,]+$',
        $comment: 'an address that begins with https:// or http://, without a comma',
        examples: ['http://alertmanager-1:9093'],
      },
      description: 'Instead of url: the address of each member of a cluster',
    },
    lifetimeHours: {
      type: 'number',
      minimum: 0.1,
      maximum: 8760,
      description: 'How long an alert stays active after portlog last sent it. Default: 192, eight days',
    },
    hostDashboard: {
      type: 'string',
      pattern: '^https?://.*\\{address\\}',
      $comment: 'an address that begins with https:// or http://, with {address} for that of the host',
      examples: ['https://grafana.example.net/d/portlog-host?var-address={address}'],
      description: 'Link to the dashboard of a host, with {address} in place of its address, for alerts about hosts. Default: no link',
    },
    runbooks: {
      type: 'string',
      pattern: '^https?://',
      $comment: 'an address that begins with https:// or http://',
      examples: ['https://wiki.example.net/runbooks'],
      description: 'Where the runbooks can be read: alerts link to URL/<id>.md. Default: alerts name the file',
    },
  },
};
