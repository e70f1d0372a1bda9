import { scheduleLoop, type ScheduleOptions } from './schedule-loop.ts';
import type { Schedule } from './schedule.ts';

interface Kept {
  /** Tells it from one of that name that was changed. */
  readonly text: string;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/** Keeps the schedules that there are now: others may come, change and go meanwhile. A scan that is going on is never cut by that. */
export class RunningSchedules {
  private readonly options: Omit<ScheduleOptions, 'site'>;
  private readonly kept = new Map<string, Kept>();
  private readonly ended: Promise<void>[] = [];

  constructor(options: Omit<ScheduleOptions, 'site'>) {
    this.options = options;
  }

  /** From now on these alone. `site`: of those that name none. */
  set(schedules: readonly Schedule[], site: string): void {
    const wanted = new Map(schedules.map((schedule) => [schedule.name, schedule]));
    const before = new Map(this.kept);
    for (const [name, { text, stop, done }] of before) {
      const schedule = wanted.get(name);
      if (schedule !== undefined && textOf(schedule, site) === text) continue;
      stop.abort();
      this.ended.push(done);
      this.kept.delete(name);
    }
    for (const schedule of schedules)
      // One scan of a schedule at a time, however often it is changed.
      if (!this.kept.has(schedule.name)) this.start(schedule, site, before.get(schedule.name)?.done ?? Promise.resolve());
  }

  /** Resolves when all have ended, which they do when they are told to stop. */
  async over(): Promise<void> {
    await Promise.allSettled([...this.ended, ...[...this.kept.values()].map(({ done }) => done)]);
  }

  private start(schedule: Schedule, site: string, before: Promise<void>): void {
    const stop = new AbortController();
    const options = { ...this.options, site: schedule.site ?? site, stop: AbortSignal.any([this.options.stop, stop.signal]) };
    this.kept.set(schedule.name, { text: textOf(schedule, site), stop, done: before.then(() => scheduleLoop(schedule, options)) });
  }
}

function textOf({ timetable, nmapArgs, site: own, limitMs, catchUp }: Schedule, site: string): string {
  return JSON.stringify([timetable.text, nmapArgs, own ?? site, limitMs, catchUp]);
}
