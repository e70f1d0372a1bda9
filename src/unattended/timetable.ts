import { Cron } from 'croner';
import { PortlogError } from '../core/errors.ts';
import { counted } from '../event/text.ts';

/** When a schedule is due. Times are epoch milliseconds. */
export interface Timetable {
  /** The text with its time zone; identifies the timetable. */
  readonly text: string;
  /** The first time after `time`. */
  next(time: number): number;
}

/**
 * A timetable in cron syntax: five fields (https://man7.org/linux/man-pages/man5/crontab.5.html) or `@daily` and the like, in
 * the time zone of the machine or in one of IANA's. Throws `config-invalid`; `where` is for its message.
 */
export function timetable(cron: string, timeZone: string | undefined, where: string): Timetable {
  try {
    const parsed = new Cron(cron, { paused: true, mode: '5-part', ...(timeZone === undefined ? {} : { timezone: timeZone }) });
    const next = (time: number): number => parsed.nextRun(new Date(time))?.getTime() ?? Number.POSITIVE_INFINITY;
    if (next(Date.UTC(2026, 0)) === Number.POSITIVE_INFINITY) throw new Error(NO_SUCH_DAY);
    return { text: timeZone === undefined ? cron : `${cron} ${timeZone}`, next };
  } catch (cause) {
    const zone = cause instanceof Error && cause.message.includes('timezone');
    throw new PortlogError(
      'config-invalid',
      zone ? `${where}: there is no time zone "${timeZone}"` : `${where}: "${cron}" is not a cron expression: ${reasonOf(cron, cause)}`,
      {
        hint: zone ? 'write it like Europe/Berlin' : 'write minute, hour, day, month and weekday: "0 2 * * *" is every night at two',
        cause,
      },
    );
  }
}

const NO_SUCH_DAY = 'there is no such day';
const FIELDS = ['minute', 'hour', 'day of the month', 'month', 'weekday'] as const;

/** The parser's messages in plain words. */
function reasonOf(cron: string, cause: unknown): string {
  if (cause instanceof Error && cause.message === NO_SUCH_DAY) return NO_SUCH_DAY;
  if (cron.startsWith('@')) return 'there are @hourly, @daily, @weekly, @monthly and @yearly';
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) return `it has ${counted(fields.length, 'field')}, and five are needed`;
  const wrong = fields.findIndex((field, at) => !isTimetable(FIELDS.map((_, one) => (one === at ? field : '*')).join(' ')));
  return wrong === -1 ? 'its fields do not go together' : `"${fields[wrong]}" is no ${FIELDS[wrong]}`;
}

function isTimetable(cron: string): boolean {
  try {
    new Cron(cron, { paused: true, mode: '5-part' }).stop();
    return true;
  } catch {
    return false;
  }
}
