import { utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { systemClock } from '../../src/core/clock.ts';
import type { PortlogError } from '../../src/core/errors.ts';
import { newInputReport } from '../../src/pipeline/input-report.ts';
import type { ShipReport } from '../../src/pipeline/ship.ts';
import { FileAttempts } from '../../src/state/file-attempts.ts';
import { SeenFiles } from '../../src/state/seen-files.ts';
import { Watcher, type WatcherOptions } from '../../src/unattended/watcher.ts';
import { beforeEach } from 'vitest';
import { directoryAt } from './night.ts';
import { database, ownDatabase } from './own-database.ts';
import { freshDir } from './run-portlog.ts';
import { host, port, scan } from './scans.ts';
import { sinkReportOf } from './sink-report.ts';

export const WHOLE = scan(host('192.0.2.1', port(80)));
export const HOUR = 3_600_000;

export let path: string;

/** Each test of the file has a directory to watch, and a state. */
export function ownDirectory(): void {
  ownDatabase();
  beforeEach(() => {
    path = freshDir();
  });
}

/** How a run went in which everything was delivered, but for what the files are said to have. */
export function report(names: readonly string[], problems: Readonly<Record<string, PortlogError>> = {}): ShipReport {
  const inputs = names.map((name) => Object.assign(newInputReport(name), { problem: problems[basename(name)] }));
  return { inputs, notRead: [], sinks: [sinkReportOf()], interrupted: false, lostRuns: [], untracked: undefined, hostsLeftOut: undefined };
}

interface Told {
  readonly shipped: string[][];
  readonly leftAlone: string[];
}

/** A watcher of `path` as a process of that number has it. */
export function watcherOf(
  ship: (names: readonly string[]) => ShipReport | PortlogError | undefined,
  { pid = 1, isAlive = () => true, ...more }: Partial<WatcherOptions> & { pid?: number; isAlive?: (pid: number) => boolean } = {},
): Told & { look(): Promise<boolean> } {
  const told: Told = { shipped: [], leftAlone: [] };
  const watched = {
    directory: directoryAt(path),
    seen: new SeenFiles(database, path),
    attempts: new FileAttempts(database, path, { pid, isAlive }),
    site: undefined,
  };
  const watcher = new Watcher([watched], {
    sinks: ['file a'],
    again: false,
    ship: async (sources, { sinks, again }) => {
      const names = sources.map(({ name }) => basename(name));
      told.shipped.push([...names, '→', ...sinks, ...(again ? ['again'] : [])]);
      return ship(names);
    },
    clock: systemClock,
    stop: new AbortController().signal,
    onError: (error) => {
      throw error;
    },
    onRecovery: () => undefined,
    onEmpty: () => undefined,
    onUnfinished: () => undefined,
    onIgnored: (file, why) => told.leftAlone.push(`${basename(file)}: ${why}`),
    ...more,
  });
  return { ...told, look: () => watcher.look() };
}

export const put = (...names: readonly string[]): void => {
  for (const [index, name] of names.entries()) {
    writeFileSync(join(path, name), WHOLE);
    utimesSync(join(path, name), 1_700_000_000 + index, 1_700_000_000 + index);
  }
};
