import { systemClock } from '../../core/clock.ts';
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { type LogFormat, logLines } from './log-line.ts';
import type { WatchdogLimits } from './watchdog.ts';

const { beats, stateDir, limits, format } = workerData as {
  readonly beats: Int32Array;
  readonly stateDir: string;
  readonly limits: WatchdogLimits;
  readonly format: LogFormat;
};
const TICK_MS = 500;
const STDERR = 2;

let last = 0;
/** Ticks without a beat of the main thread; a suspended machine stops both. */
let silent = 0;
let isEnding = false;

setInterval(() => {
  const beat = Atomics.load(beats, 0);
  silent = beat === last ? silent + 1 : 0;
  last = beat;
  const seconds = (silent * TICK_MS) / 1000;
  const { rss } = process.memoryUsage();
  if (seconds >= limits.blockedSeconds) end(`reading it blocked portlog for ${Math.round(seconds)} seconds`);
  else if (rss >= limits.memoryBytes) end(`reading it took ${Math.round(rss / (1 << 20))} MiB of memory`);
}, TICK_MS);

function end(why: string): void {
  if (isEnding) return;
  isEnding = true;
  writeSync(
    STDERR,
    logLines(format, { severity: 'error', message: `${why}, so portlog ends; after a restart it skips that file` }, systemClock.now()),
  );
  note(why)
    .catch(() => undefined)
    .finally(() => process.kill(process.pid, 'SIGKILL'));
}

/** Fails when the main thread is in a transaction: then no reason is recorded. */
async function note(why: string): Promise<void> {
  const { openDatabase } = await import('../../state/store.ts');
  const { recordEndReason } = await import('../../state/file-attempts.ts');
  const database = openDatabase(stateDir);
  recordEndReason(database, process.pid, why);
  database.close();
}
