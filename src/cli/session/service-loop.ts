import { targetProblem } from '../../source/nmap-targets.ts';
import { resolve } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import type { PortlogError } from '../../core/errors.ts';
import { isAlive } from '../../core/process-alive.ts';
import { mistake } from '../../core/mistake.ts';
import { lostState } from '../../state/place.ts';
import { ScheduledScans } from '../../state/scheduled-scans.ts';
import type { Housekeeping } from '../../unattended/housekeeping.ts';
import type { Schedule } from '../../unattended/schedule.ts';
import { lateScan } from '../../unattended/schedule-loop.ts';
import type { Watcher } from '../../unattended/watcher.ts';
import { watchLoop } from '../../unattended/watch-loop.ts';
import { RunningSchedules } from '../../unattended/running-schedules.ts';
import { Service } from '../../unattended/service.ts';
import type { ServiceManager } from '../../unattended/service-manager.ts';
import { type CommandContext, commandContext } from './context.ts';
import { onHangUp, takesHangUp } from './hang-up.ts';
import type { Jobs, ReadJobs } from './jobs.ts';
import { type OpenEndpoint, openEndpoint } from './metrics-endpoint.ts';
import type { Unattended } from './unattended.ts';
import { housekeepingOf, watcherOf } from './watched.ts';

export interface ServiceLoopOptions {
  readonly context: CommandContext;
  readonly readJobs: ReadJobs;
  readonly jobs: Jobs;
  readonly unattended: Unattended;
  readonly manager: ServiceManager;
  readonly pollMs: number;
}

/** Longest time without a heartbeat: longer than the stall limit, and than the longest rest between two looks. */
const SILENCE_MS = 1_200_000;

/** The parts that look into directories and for waiting events. */
interface Pollers {
  readonly watcher: Watcher;
  readonly housekeeping: Housekeeping | undefined;
}

/** Does the jobs until stopped; reloads them with the configuration. */
export class ServiceLoop {
  private readonly options: ServiceLoopOptions;
  private readonly service: Service;
  private readonly isBroken = new AbortController();
  private lost: PortlogError | undefined;
  private readonly scans: ScheduledScans;
  private readonly schedules: RunningSchedules;
  private readonly common: { clock: typeof systemClock; stop: AbortSignal; onProblem: (error: PortlogError) => void };

  constructor(options: ServiceLoopOptions) {
    const { unattended, manager, jobs, pollMs } = options;
    this.options = options;
    const silenceMs = SILENCE_MS + unattended.settings.retryForMs + pollMs;
    this.service = new Service({ jobs: countsOf(jobs), manager, clock: systemClock, silenceMs });
    this.common = {
      clock: systemClock,
      stop: AbortSignal.any([unattended.stop, this.isBroken.signal]),
      onProblem: (error) => unattended.problem(error),
    };
    this.scans = new ScheduledScans(unattended.database);
    this.schedules = this.keptSchedules();
  }

  async run(): Promise<void> {
    const { context, unattended, pollMs } = this.options;
    let { jobs } = this.options;
    unattended.report(this.service);
    let pollers = await this.pollersFor(jobs, context.values['again'] === true);
    const endpoint = await openEndpoint({ context, unattended, service: this.service, jobs: () => jobs });
    const reload = async (): Promise<void> => {
      const changed = await this.reload(endpoint);
      if (changed !== undefined) ({ jobs, pollers } = changed);
    };
    const hangUp = takesHangUp(context) ? onHangUp(reload) : undefined;
    this.tellKilled();
    this.announce(jobs);
    this.schedules.set(jobs.schedules, unattended.settings.event.site);
    // They may change with a reload.
    const [watcher, housekeeping] = [
      { look: async () => this.isStateLost() || pollers.watcher.look() },
      { look: async () => pollers.housekeeping?.look() },
    ];
    const onLook = (isDone: boolean): void => (isDone ? this.service.heartbeat.hasLooked() : this.service.heartbeat.show());
    try {
      await Promise.all([watchLoop(watcher, housekeeping, { ...this.common, pollMs, onLook }), this.service.keepNotifying(this.common.stop)]);
    } finally {
      // Stopped; or one loop failed because of a bug, and the others must not go on alone.
      this.isBroken.abort();
      hangUp?.release();
      await this.schedules.over();
      endpoint?.close();
    }
    if (this.lost !== undefined) throw this.lost;
  }

  /** Whether somebody has taken the state away: ends with an error, so that whoever supervises portlog starts it anew. */
  private isStateLost(): boolean {
    const { database } = this.options.unattended;
    if (!database.isLost) return false;
    this.lost = lostState(database.path);
    this.isBroken.abort();
    return true;
  }

  /** Reloads the configuration. Errors are reported, and the old one stays. */
  private async reload(endpoint: OpenEndpoint | undefined): Promise<{ readonly jobs: Jobs; readonly pollers: Pollers } | undefined> {
    const { context, readJobs, unattended } = this.options;
    const { log } = context;
    await this.service.reloading();
    try {
      const fresh = { ...commandContext(context.values, context.env, context.terminal), log };
      const jobs = await readJobs(fresh);
      const late = await unattended.take(fresh);
      const pollers = await this.pollersFor(jobs, false);
      this.schedules.set(jobs.schedules, unattended.settings.event.site);
      this.service.activity.setJobs(countsOf(jobs));
      await endpoint?.sinksChanged();
      log.info('the configuration was reloaded and is in effect');
      for (const setting of late) log.warn(`${setting} was changed: this takes effect after a restart`);
      this.announce(jobs);
      await this.service.reloaded(true);
      return { jobs, pollers };
    } catch (error) {
      log.error(mistake('reloading the configuration', error));
      log.warn('the previous configuration stays in force');
      await this.service.reloaded(false);
      return undefined;
    }
  }

  private async pollersFor({ directories }: Jobs, again: boolean): Promise<Pollers> {
    const { context, unattended } = this.options;
    return { watcher: await watcherOf(context.log, directories, unattended, again), housekeeping: await housekeepingOf(unattended) };
  }

  private keptSchedules(): RunningSchedules {
    const { context, unattended } = this.options;
    return new RunningSchedules({
      ...this.common,
      scans: this.scans,
      pid: process.pid,
      scan: (one) => unattended.scan(one),
      onMissed: ({ name }, due, reason) => context.log.warn(`schedule ${name}: the scan of ${isoDate(due)} did not run: ${reason}`),
    });
  }

  private announce({ schedules, directories }: Jobs): void {
    const { log } = this.options.context;
    for (const schedule of schedules) {
      const { name, nmapArgs } = schedule;
      log.info(`schedule ${name}: ${this.nextOf(schedule)}`);
      const problem = targetProblem(nmapArgs);
      if (problem !== undefined) log.warn(`schedule ${name}: ${problem}`);
    }
    for (const { path } of directories) log.info(`watching ${resolve(path)}`);
  }

  private nextOf(schedule: Schedule): string {
    const { name, timetable } = schedule;
    const now = systemClock.now();
    const late = this.scans.isRunning(name, isAlive) ? undefined : lateScan(schedule, this.scans.handledUntil(name, timetable.text, now), now);
    const next = `next ${isoDate(timetable.next(now))}`;
    return late === undefined ? next : `the scan of ${isoDate(late)} is late, and begins now; ${next}`;
  }

  /** The scans that were going on when portlog was killed. */
  private tellKilled(): void {
    for (const { name, due, problem } of this.scans.endKilled(isAlive, systemClock.now()))
      this.options.context.log.warn(`schedule ${name}: the scan of ${isoDate(due)} has not come: ${problem}`);
  }
}

function isoDate(time: number): string {
  return new Date(time).toISOString();
}

function countsOf({ schedules, directories }: Jobs): { readonly schedules: number; readonly directories: number } {
  return { schedules: schedules.length, directories: directories.length };
}
