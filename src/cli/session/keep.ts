import { resolve } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import type { DirectoryConfig } from '../../config/config.ts';
import { EXIT, type ExitCode, PortlogError } from '../../core/errors.ts';
import { isAlive } from '../../core/process-alive.ts';
import { FileAttempts } from '../../state/file-attempts.ts';
import { filesystemOf } from '../../state/filesystem.ts';
import { Directory } from '../../source/directory.ts';
import type { Database } from '../../state/database.ts';
import type { DutyCounts } from '../../unattended/activity.ts';
import { Housekeeping } from '../../unattended/housekeeping.ts';
import { keepLooking } from '../../unattended/keep-looking.ts';
import { keepSchedule } from '../../unattended/keep-schedule.ts';
import type { Schedule } from '../../unattended/schedule.ts';
import { Service } from '../../unattended/service.ts';
import { ServiceManager } from '../../unattended/service-manager.ts';
import { ScheduledScans } from '../../state/scheduled-scans.ts';
import { SeenFiles } from '../../state/seen-files.ts';
import { UnfinishedFiles } from '../../state/unfinished-files.ts';
import { type Watched, Watcher } from '../../unattended/watcher.ts';
import type { Speaker } from './terminal.ts';
import { Unattended } from './unattended.ts';
import { startWatchdog } from './watchdog.ts';
import { type CommandContext, number } from './context.ts';

/** What is to be done, again and again. */
export interface Duties {
  readonly schedules: readonly Schedule[];
  readonly directories: readonly DirectoryConfig[];
}

const DEFAULT_POLL_SECONDS = 10;
const DEFAULT_CUT_AFTER_MINUTES = 60;
const MINUTE_MS = 60_000;
/** A state file of an older version is brought up to date before anything begins. */
const OPENING_MS = 180_000;
/** Longer than reading waits for a share that hangs, and than the longest rest between two looks. */
const SILENCE_MS = 1_200_000;

/** Does the duties until somebody stops it; with `--once`, once. */
export async function keep(context: CommandContext, duties: Duties): Promise<ExitCode> {
  const pollMs = (number(context.values, 'poll-seconds') ?? DEFAULT_POLL_SECONDS) * 1000;
  if (pollMs === 0) throw new PortlogError('usage', '--poll-seconds needs a number above zero');
  const manager = serviceManagerOf(context);
  await manager.starting(OPENING_MS);
  const unattended = await Unattended.open(context);
  unattended.stop.addEventListener('abort', () => void manager.stopping());
  const watchdog = startWatchdog(unattended.settings.stateDir);
  try {
    const parts = partsOf(context, duties, unattended, await unattended.sinkKeys());
    if (context.values['once'] === true) {
      await doOnce(duties, parts, unattended);
      return unattended.exitCode();
    }
    const silenceMs = SILENCE_MS + unattended.settings.retryForMs + pollMs;
    const service = new Service({ duties: countsOf(duties), manager, clock: systemClock, silenceMs });
    unattended.report(service);
    await doAgain(duties, parts, unattended, { pollMs, speaker: context.speaker, service });
    return unattended.wasCut ? EXIT.interrupted : EXIT.delivered;
  } finally {
    watchdog.stop();
    unattended.close();
  }
}

function serviceManagerOf({ env, speaker }: CommandContext): ServiceManager {
  return new ServiceManager({
    env,
    pid: process.pid,
    onProblem: (reason) => speaker.warn(`NOTIFY_SOCKET is set, but the service manager could not be told how portlog is: ${reason}`),
  });
}

function countsOf({ schedules, directories }: Duties): DutyCounts {
  return { schedules: schedules.length, directories: directories.length };
}

interface Parts {
  readonly watcher: Watcher;
  readonly housekeeping: Housekeeping | undefined;
  readonly scans: ScheduledScans;
  readonly site: string;
}

function partsOf({ speaker, values }: CommandContext, { directories }: Duties, unattended: Unattended, sinks: readonly string[]): Parts {
  const { database, settings, stop } = unattended;
  const watcher = new Watcher(
    directories.map((directory) => watchedAs(directory, database)),
    {
      sinks,
      again: values['again'] === true,
      ship: (sources, destination) => unattended.ship(sources, destination),
      clock: systemClock,
      stop,
      onTrouble: (error) => unattended.problem(error),
      onRecovery: (path) => speaker.say(`${path} can be watched again`),
      onUnfinished: (path) => speaker.detail(`${path} is not finished yet`),
      onLeftAlone: (path, why) => speaker.warn(`${path}: ${why}`),
    },
  );
  // Standard output alone is told nothing about portlog itself.
  const isHeard = settings.sinks.some(({ type }) => type !== 'stdout');
  const { maxAges } = settings;
  const housekeeping = isHeard
    ? new Housekeeping({ database, maxAges, sinks, clock: systemClock, deliverWaiting: () => unattended.deliverWaiting() })
    : undefined;
  return { watcher, housekeeping, scans: new ScheduledScans(database), site: settings.event.site };
}

function watchedAs({ path, site, cutAfterMinutes = DEFAULT_CUT_AFTER_MINUTES }: DirectoryConfig, database: Database): Watched {
  const whole = resolve(path);
  const directory = new Directory(whole, {
    cutAfterMs: cutAfterMinutes * MINUTE_MS,
    isOurClock: () => filesystemOf(whole).local,
    sightings: new UnfinishedFiles(database, whole),
  });
  const attempts = new FileAttempts(database, whole, { pid: process.pid, isAlive });
  return { directory, seen: new SeenFiles(database, whole), attempts, site };
}

/** Each schedule now, what lies in the directories, and what waits on disk. */
async function doOnce({ schedules }: Duties, { watcher, housekeeping, scans, site }: Parts, unattended: Unattended): Promise<void> {
  const { stop } = unattended;
  for (const schedule of schedules) {
    if (stop.aborted) return;
    const now = systemClock.now();
    scans.settledUntil(schedule.name, schedule.timetable.text, now);
    scans.begin(schedule.name, schedule.site ?? site, now, process.pid, now);
    scans.end(schedule.name, now, await unattended.scan(schedule), systemClock.now());
  }
  while (!stop.aborted && (await watcher.look()));
  if (!stop.aborted) await housekeeping?.look();
}

async function doAgain(
  { schedules, directories }: Duties,
  { watcher, housekeeping, scans, site }: Parts,
  unattended: Unattended,
  { pollMs, speaker, service }: { readonly pollMs: number; readonly speaker: Speaker; readonly service: Service },
): Promise<void> {
  const isBroken = new AbortController();
  const common = {
    clock: systemClock,
    stop: AbortSignal.any([unattended.stop, isBroken.signal]),
    onProblem: (error: PortlogError) => unattended.problem(error),
  };
  for (const { name, timetable } of schedules) speaker.say(`schedule ${name}: next ${new Date(timetable.next(systemClock.now())).toISOString()}`);
  for (const { path } of directories) speaker.say(`watching ${resolve(path)}`);
  const all = schedules.map((schedule) =>
    keepSchedule(schedule, {
      ...common,
      scans,
      site: schedule.site ?? site,
      pid: process.pid,
      scan: (one) => unattended.scan(one),
      onMissed: ({ name }, due, reason) => speaker.warn(`schedule ${name}: the scan of ${new Date(due).toISOString()} did not run: ${reason}`),
    }),
  );
  try {
    const onLook = (isDone: boolean): void => (isDone ? service.life.hasLooked() : service.life.show());
    await Promise.all([...all, keepLooking(watcher, housekeeping, { ...common, pollMs, onLook }), service.keepTelling(common.stop)]);
  } finally {
    // By now it is stopped; or one of them broke by a mistake of ours, and the others must not go on alone.
    isBroken.abort();
    await Promise.allSettled(all);
  }
}
