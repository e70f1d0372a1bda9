import { scheduleLoop, type ScheduleOptions } from './schedule-loop.ts';
import type { Schedule } from './schedule.ts';

interface Kept {
  /** Distinguishes it from a changed schedule of that name. */
  readonly text: string;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/** Runs the schedules of the current configuration, which may be reloaded. A running scan is never interrupted by that. */
export class RunningSchedules {
  private readonly options: Omit<ScheduleOptions, 'site'>;
  private readonly kept = new Map<string, Kept>();
  private readonly ended: Promise<void>[] = [];

  constructor(options: Omit<ScheduleOptions, 'site'>) {
    this.options = options;
  }

  /** Replaces the schedules. `site`: default site. */
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
      // One scan of a schedule at a time, even when it is changed.
      if (!this.kept.has(schedule.name)) this.start(schedule, site, before.get(schedule.name)?.done ?? Promise.resolve());
  }

  /** Resolves when all have stopped. */
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
