import type { StreamOptions } from '../options.ts';
import { ADDRESS, NAMED, NARROWING, STREAM, TLS, type SinkSettings } from '../settings.ts';
import type { SyslogFormat } from '../../event/syslog.ts';

export interface SyslogOptions extends StreamOptions {
  readonly type: 'syslog';
  /** Format of the header. */
  readonly syslogFormat?: SyslogFormat | undefined;
}

export const SYSLOG_SETTINGS: SinkSettings = {
  type: 'syslog',
  description: 'Any receiver of syslog over TCP or TLS',
  properties: {
    ...ADDRESS,
    ...TLS,
    ...STREAM,
    ...NAMED,
    ...NARROWING,
    syslogFormat: {
      enum: ['rfc5424', 'rfc3164'],
      description: 'Format of the header. Default: rfc5424',
    },
  },
};
