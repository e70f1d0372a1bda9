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
  readonly onMissed: (schedule: Schedule, due: number, reason: string) => void;
  /** The state failed; it is retried. */
  readonly onProblem: (error: PortlogError) => void;
}

/** A scan that is later than this is missed: a nightly scan must not run at noon. */
const LATE_MS = 300_000;
/** Longest sleep, because the machine may be suspended or its clock set. */
const NAP_MS = 30_000;

const NOT_RUNNING = 'portlog run was not running';
const ASLEEP = 'this machine was asleep, or its clock was set';
const OVERLAPPED = 'the scan before it was still going on';

/** Scans when the schedule is due, until stopped. One scan of a schedule at a time; what becomes due meanwhile is missed. */
export async function scheduleLoop(schedule: Schedule, options: ScheduleOptions): Promise<void> {
  const { clock, stop, onProblem } = options;
  let reason = NOT_RUNNING;
  let said: string | undefined;
  while (!stop.aborted) {
    try {
      reason = await next(schedule, reason, options);
      said = undefined;
    } catch (error) {
      const problem = mistake(`schedule ${schedule.name}`, error);
      if (problem.message !== said) onProblem(problem);
      said = problem.message;
      await clock.sleep(NAP_MS, stop);
    }
  }
}

/** Waits for a while, or scans. Returns the reason for a missed scan, if the next one will be missed. */
async function next(schedule: Schedule, reason: string, options: ScheduleOptions): Promise<string> {
  const { name, timetable, catchUp } = schedule;
  const { scans, site, pid, scan, clock, stop, onMissed } = options;
  const due = timetable.next(scans.settledUntil(name, timetable.text, clock.now()));
  const now = clock.now();
  if (due > now) {
    await clock.sleep(Math.min(due - now, NAP_MS), stop);
    return clock.now() < due ? reason : ASLEEP;
  }
  if (now - due > LATE_MS && !catchUp) {
    scans.miss(name, site, due, reason, now);
    onMissed(schedule, due, reason);
    return reason;
  }
  if (!scans.begin(name, site, due, pid, now)) return reason;
  scans.end(name, due, await scan(schedule), clock.now());
  return OVERLAPPED;
}
