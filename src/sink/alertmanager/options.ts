import type { HttpServerOptions } from '../options.ts';
import { ADDRESS, LOGIN, NARROWING, TLS, type SinkSettings } from '../settings.ts';

export interface AlertmanagerOptions extends HttpServerOptions {
  readonly type: 'alertmanager';
  /** Lifetime of an alert after portlog has sent it last, in milliseconds. */
  readonly lifetimeMs?: number | undefined;
  /** Base address of the runbooks: `/<id>.md` is appended. */
  readonly runbooks?: string | undefined;
  /** Address of a host's dashboard, with `{address}` in place of the host. */
  readonly hostDashboard?: string | undefined;
  /** Sites with a configured maximum age, whose overdue scans are reported by events instead. */
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
