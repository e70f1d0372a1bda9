import { Cron } from 'croner';
import { PortlogError } from '../core/errors.ts';

/** When something is due, again and again. Times are epoch milliseconds. */
export interface Timetable {
  /** As it was written, with the time zone if one was named: tells a timetable from another. */
  readonly text: string;
  /** The first time after `time`. */
  next(time: number): number;
}

/**
 * A timetable in cron's words: five fields (https://man7.org/linux/man-pages/man5/crontab.5.html) or `@daily` and the like, in
 * the time zone of the machine or in one of IANA's. `where` it was written is for the error, `config-invalid`.
 */
export function timetable(cron: string, timeZone: string | undefined, where: string): Timetable {
  try {
    const parsed = new Cron(cron, { paused: true, mode: '5-part', ...(timeZone === undefined ? {} : { timezone: timeZone }) });
    const next = (time: number): number => parsed.nextRun(new Date(time))?.getTime() ?? Number.POSITIVE_INFINITY;
    if (next(Date.UTC(2026, 0)) === Number.POSITIVE_INFINITY) throw new RangeError('there is no such day');
    return { text: timeZone === undefined ? cron : `${cron} ${timeZone}`, next };
  } catch (cause) {
    const zone = cause instanceof Error && cause.message.includes('timezone');
    throw new PortlogError(
      'config-invalid',
      zone ? `${where}: there is no time zone "${timeZone}"` : `${where}: "${cron}" is no timetable: ${reasonOf(cause)}`,
      {
        hint: zone ? 'write it like Europe/Berlin' : 'write minute, hour, day, month and weekday: "0 2 * * *" is every night at two',
        cause,
      },
    );
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.replace(/^CronPattern: /, '') : String(cause);
}
