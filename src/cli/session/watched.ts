import { resolve } from 'node:path';
import type { DirectoryConfig } from '../../config/config.ts';
import { systemClock } from '../../core/clock.ts';
import { isAlive } from '../../core/process-alive.ts';
import { Directory } from '../../source/directory.ts';
import type { Database } from '../../state/database.ts';
import { FileAttempts } from '../../state/file-attempts.ts';
import { filesystemOf } from '../../state/filesystem.ts';
import { SeenFiles, sinkKey } from '../../state/seen-files.ts';
import { UnfinishedFiles } from '../../state/unfinished-files.ts';
import { Housekeeping } from '../../unattended/housekeeping.ts';
import { type WatchedDirectory, Watcher } from '../../unattended/watcher.ts';
import type { Log } from './log.ts';
import type { Unattended } from './unattended.ts';

const DEFAULT_CUT_AFTER_MINUTES = 60;
const MINUTE_MS = 60_000;

/** Watches directories for the sinks of the settings as they are now. */
export async function watcherOf(log: Log, directories: readonly DirectoryConfig[], unattended: Unattended, again: boolean): Promise<Watcher> {
  const { database, stop } = unattended;
  const sinks = await unattended.sinks();
  return new Watcher(
    directories.map((directory) => watchedAs(directory, database)),
    {
      sinks: sinks.map(({ identity }) => sinkKey(identity)),
      stateless: sinks.filter(({ undeliverable }) => undeliverable !== 'keep').map(({ identity }) => sinkKey(identity)),
      again,
      ship: (sources, destination) => unattended.ship(sources, destination),
      clock: systemClock,
      stop,
      onError: (error) => unattended.problem(error),
      onRecovery: (path) => log.info(`${path} can be watched again`),
      onEmpty: (path) => log.info(`${path}: no scan has come yet (files that end in .xml or .xml.gz)`),
      onUnfinished: (path) => log.debug(`${path} is not finished yet`),
      onIgnored: (path, why) => log.warn(`${path}: ${why}`),
    },
  );
}

function watchedAs(
  { path, site, cutAfterMinutes = DEFAULT_CUT_AFTER_MINUTES, recursive = false }: DirectoryConfig,
  database: Database,
): WatchedDirectory {
  const whole = resolve(path);
  const directory = new Directory(whole, {
    cutAfterMs: cutAfterMinutes * MINUTE_MS,
    isOurClock: () => filesystemOf(whole).local,
    sightings: new UnfinishedFiles(database, whole),
    isRecursive: recursive,
  });
  const attempts = new FileAttempts(database, whole, { pid: process.pid, isAlive });
  return { directory, seen: new SeenFiles(database, whole), attempts, site };
}

/** No health events for standard output alone. */
export async function housekeepingOf(unattended: Unattended): Promise<Housekeeping | undefined> {
  const { database, settings } = unattended;
  if (settings.sinks.every(({ type }) => type === 'stdout')) return undefined;
  const sinks = (await unattended.sinks()).map(({ identity }) => sinkKey(identity));
  return new Housekeeping({ database, maxAges: settings.maxAges, sinks, clock: systemClock, deliverWaiting: () => unattended.deliverWaiting() });
}
