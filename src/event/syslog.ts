import type { LogEvent } from './event.ts';
import { levelOf, type Level } from './event.ts';
import { isoTime } from './time.ts';

/** https://www.rfc-editor.org/rfc/rfc5424 and what came before it, https://www.rfc-editor.org/rfc/rfc3164 */
export type SyslogFormat = 'rfc5424' | 'rfc3164';

/** RFC 5424, 6.2.1, with the names of syslog(3). */
const FACILITIES = {
  user: 1,
  daemon: 3,
  auth: 4,
  authpriv: 10,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;
export type Facility = keyof typeof FACILITIES;

/** The severities of syslog: 2 critical, 3 error, 4 warning, 5 notice, 6 informational. */
const SEVERITIES: Readonly<Record<Level, number>> = { critical: 2, high: 3, medium: 4, low: 5, info: 6 };
/** APP-NAME of our messages. */
export const APP_NAME = 'portlog';
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export interface SyslogOptions {
  readonly format: SyslogFormat;
  readonly facility: Facility;
  /** HOSTNAME: this machine. */
  readonly hostname: string;
}

/** The header. The message is JSON without a byte order mark (MSG-ANY of RFC 5424), which JSON parsers would refuse. */
export function syslogHeader({ severity, time, action }: LogEvent, { format, facility, hostname }: SyslogOptions): string {
  const priority = `<${FACILITIES[facility] * 8 + SEVERITIES[levelOf(severity)]}>`;
  const host = hostname.replaceAll(/[^!-~]/g, '').slice(0, 255) || '-';
  // No structured data: everything is in the message.
  if (format === 'rfc5424') return `${priority}1 ${isoTime(time)} ${host} ${APP_NAME} - ${action.slice(0, 32)} - `;
  return `${priority}${localTime(new Date(time))} ${host} ${APP_NAME}: `;
}

/** RFC 3164, 4.1.2: local time without year or zone, the day padded with a space. */
function localTime(date: Date): string {
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
  return `${MONTHS[date.getMonth()] ?? ''} ${String(date.getDate()).padStart(2, ' ')} ${time}`;
}
