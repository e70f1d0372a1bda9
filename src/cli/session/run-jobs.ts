import { systemClock } from '../../core/clock.ts';
import { EXIT, type ExitCode, PortlogError } from '../../core/errors.ts';
import { ScheduledScans } from '../../state/scheduled-scans.ts';
import { ServiceManager } from '../../unattended/service-manager.ts';
import { type CommandContext, number } from './context.ts';
import type { Jobs, ReadJobs } from './jobs.ts';
import { ServiceLoop } from './service-loop.ts';
import { checkMetricsFile, writeMetrics } from './metrics.ts';
import { Unattended } from './unattended.ts';
import { startWatchdog } from './watchdog.ts';
import { housekeepingOf, watcherOf } from './watched.ts';

const DEFAULT_POLL_SECONDS = 10;
/** Extra start-up time for migrating an old state file. */
const OPENING_MS = 180_000;

/** Does the jobs until stopped; with `--once`, once. */
export async function runJobs(context: CommandContext, readJobs: ReadJobs): Promise<ExitCode> {
  const jobs = await readJobs(context);
  const pollMs = (number(context.values, 'poll-seconds') ?? DEFAULT_POLL_SECONDS) * 1000;
  const isOnce = context.values['once'] === true;
  if (!isOnce && context.values['metrics-file'] !== undefined)
    throw new PortlogError('usage', '--metrics-file is for commands that end by themselves', {
      hint: 'name an address with --metrics-listen, or add --once',
    });
  const manager = serviceManagerOf(context);
  await manager.starting(OPENING_MS);
  const unattended = await Unattended.open(context, isOnce);
  unattended.stop.addEventListener('abort', () => void manager.stopping());
  const watchdog = startWatchdog(unattended.settings.stateDir, context.log.format);
  try {
    if (isOnce) {
      await doOnce(context, jobs, unattended);
      return unattended.exitCode();
    }
    warnOfMetricsFile(context, unattended.settings.metrics.file);
    await new ServiceLoop({ context, readJobs, jobs, unattended, manager, pollMs }).run();
    return unattended.wasCut ? EXIT.interrupted : EXIT.delivered;
  } finally {
    watchdog.stop();
    unattended.close();
  }
}

/** Only a warning, because the configuration may also be used for single runs. */
function warnOfMetricsFile({ log }: CommandContext, file: string | undefined): void {
  if (file !== undefined)
    log.warn(`metrics.file: ${file} is written with --once only, not while portlog keeps running; metrics.listen names an address instead`);
}

function serviceManagerOf({ env, log }: CommandContext): ServiceManager {
  return new ServiceManager({
    env,
    pid: process.pid,
    onProblem: (reason) => log.warn(`NOTIFY_SOCKET is set, but the service manager could not be notified: ${reason}`),
  });
}

/** Runs each schedule once, ships what is in the directories, and sends what waits on disk. */
async function doOnce(context: CommandContext, { schedules, directories }: Jobs, unattended: Unattended): Promise<void> {
  const { stop, settings } = unattended;
  await checkMetricsFile(context, settings);
  const watcher = await watcherOf(context.log, directories, unattended, context.values['again'] === true);
  const scans = new ScheduledScans(unattended.database);
  for (const schedule of schedules) {
    if (stop.aborted) return;
    const now = systemClock.now();
    scans.handledUntil(schedule.name, schedule.timetable.text, now);
    scans.begin(schedule.name, schedule.site ?? settings.event.site, now, process.pid, now);
    scans.end(schedule.name, now, await unattended.scan(schedule), systemClock.now());
  }
  while (!stop.aborted && (await watcher.look()));
  if (!stop.aborted) await (await housekeepingOf(unattended))?.look();
  await writeMetrics(context, settings);
}
