import type { Clock } from '../core/clock.ts';
import type { PortlogError } from '../core/errors.ts';
import { mistake } from '../core/mistake.ts';
import type { Schedule } from './schedule.ts';
import type { ScheduledScans } from '../state/scheduled-scans.ts';

export interface ScheduleOptions {
  readonly scans: ScheduledScans;
  readonly site: string;
  /** Process id. */
  readonly pid: number;
  /** Scans and ships; resolves with the reason when no finished scan came of it. */
  readonly scan: (schedule: Schedule) => Promise<string | undefined>;
  readonly clock: Clock;
  readonly stop: AbortSignal;
  /** `due`: the first that was missed; `reason`: why, and how many more. */
  readonly onMissed: (schedule: Schedule, due: number, reason: string) => void;
  /** The state failed; it is retried. */
  readonly onProblem: (error: PortlogError) => void;
}

/** A scan that is later than this is missed: a nightly scan must not run at noon. */
const LATE_MS = 300_000;
/** Longest sleep, because the machine may be suspended or its clock set. */
const MAX_SLEEP_MS = 30_000;

const NOT_RUNNING = 'portlog run was not running';
const ASLEEP = 'this machine was asleep, or its clock was set';
const OVERLAPPED = 'the scan before it was still going on';

/** The scan that begins at once although it was due earlier, as after a short pause of portlog; undefined when there is none. `since`: what was due until then is settled. */
export function lateScan({ timetable, catchUp }: Pick<Schedule, 'timetable' | 'catchUp'>, since: number, now: number): number | undefined {
  const due = timetable.next(since);
  if (due > now) return undefined;
  const last = dueUntil(now, due, timetable).at(-1) ?? due;
  return catchUp || now - last <= LATE_MS ? last : undefined;
}

/** How long after its time a scan has begun, where portlog runs: a loop that rests looks again within {@link MAX_SLEEP_MS}. */
const BEGUN_WITHIN_MS = 2 * MAX_SLEEP_MS;

/** The time at which a scan was due that should have begun by now: nothing runs the schedule. `since`: as above. */
export function unattendedSince({ timetable }: Pick<Schedule, 'timetable'>, since: number, now: number): number | undefined {
  const due = timetable.next(since);
  return due + BEGUN_WITHIN_MS < now ? due : undefined;
}

/** Scans when the schedule is due, until stopped. One scan of a schedule at a time; what becomes due meanwhile is missed. */
export async function scheduleLoop(schedule: Schedule, options: ScheduleOptions): Promise<void> {
  const { clock, stop, onProblem } = options;
  let reason = NOT_RUNNING;
  let lastMessage: string | undefined;
  while (!stop.aborted) {
    try {
      reason = await next(schedule, reason, options);
      lastMessage = undefined;
    } catch (error) {
      const problem = mistake(`schedule ${schedule.name}`, error);
      if (problem.message !== lastMessage) onProblem(problem);
      lastMessage = problem.message;
      await clock.sleep(MAX_SLEEP_MS, stop);
    }
  }
}

/** Waits for a while, or scans. Returns the reason for a missed scan, if the next one will be missed. */
async function next(schedule: Schedule, reason: string, options: ScheduleOptions): Promise<string> {
  const { name, timetable, catchUp } = schedule;
  const { scans, site, pid, scan, clock, stop, onMissed } = options;
  const due = timetable.next(scans.handledUntil(name, timetable.text, clock.now()));
  const now = clock.now();
  if (due > now) {
    await clock.sleep(Math.min(due - now, MAX_SLEEP_MS), stop);
    return clock.now() < due ? reason : ASLEEP;
  }
  const all = dueUntil(now, due, timetable);
  const last = all.at(-1) ?? due;
  // A scan that is only a little late still runs, but of several only the last: a timetable may be due every minute.
  const missed = catchUp ? [] : now - last > LATE_MS ? all : all.slice(0, -1);
  if (missed.length > 0) {
    const why = withOthers(reason, missed);
    scans.miss(name, site, { due, problem: why, until: missed.length === all.length ? now : (missed.at(-1) ?? now) }, now);
    onMissed(schedule, due, why);
    return reason;
  }
  if (!scans.begin(name, site, due, pid, now)) return reason;
  scans.end(name, due, await scan(schedule), clock.now());
  return OVERLAPPED;
}

/** Most missed times that are counted: a year of a timetable that is due every minute would take half a minute. */
const MOST_COUNTED = 1000;

/** The times at which a schedule was due, since `first`. */
function dueUntil(now: number, first: number, timetable: Schedule['timetable']): readonly number[] {
  const all: number[] = [];
  for (let due = first; due <= now && all.length < MOST_COUNTED; due = timetable.next(due)) all.push(due);
  return all;
}

/** One sentence for several missed scans: three nights without portlog are one problem. */
function withOthers(reason: string, missed: readonly number[]): string {
  const others = missed.length - 1;
  const until = new Date(missed.at(-1) ?? 0).toISOString();
  if (others === 0) return reason;
  if (missed.length === MOST_COUNTED) return `${reason} (nor did ${others} or more after it)`;
  return `${reason} (nor did ${others} more, until that of ${until})`;
}
