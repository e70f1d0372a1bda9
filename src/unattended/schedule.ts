import type { Config } from '../config/config.ts';
import { PortlogError } from '../core/errors.ts';
import { nmapArguments } from '../source/nmap-arguments.ts';
import { type Timetable, timetable } from './timetable.ts';

const HOUR_MS = 3_600_000;

/** A scan that portlog starts by itself. */
export interface Schedule {
  readonly name: string;
  readonly timetable: Timetable;
  readonly nmapArgs: readonly string[];
  /** Undefined for the default site. */
  readonly site: string | undefined;
  /** How long nmap may take, in milliseconds. */
  readonly limitMs: number | undefined;
  /** Run a missed scan as soon as portlog runs again. */
  readonly catchUp: boolean;
}

/** The schedules of a configuration, which was read from `file`. Throws `config-invalid`, or `nmap-arguments`. */
export function schedulesOf({ schedules = [] }: Config, file = 'the configuration'): readonly Schedule[] {
  const names = new Set<string>();
  return schedules.map(({ name, cron, timeZone, nmap, site, maxHours, catchUp = false }, index) => {
    if (names.has(name))
      throw new PortlogError('config-invalid', `${file}: schedules.${index}.name: there are two schedules "${name}"`, {
        hint: 'give each a name of its own',
      });
    names.add(name);
    const nmapArgs = nmap.map(String);
    nmapArguments(nmapArgs);
    return {
      name,
      timetable: timetable(cron, timeZone, `${file}: schedules.${index}.cron`),
      nmapArgs,
      site,
      limitMs: maxHours === undefined ? undefined : maxHours * HOUR_MS,
      catchUp,
    };
  });
}
