import { Worker } from 'node:worker_threads';
import type { LogFormat } from './log-line.ts';
import { threadProgram } from '../../core/package-files.ts';

/** Limits per file, far above what reading takes. */
export interface WatchdogLimits {
  /** How long the main thread may be blocked, in seconds. */
  readonly blockedSeconds: number;
  /** Of the process, in bytes. */
  readonly memoryBytes: number;
}

const LIMITS: WatchdogLimits = { blockedSeconds: 120, memoryBytes: 1536 << 20 };
const BEAT_MS = 1000;

/**
 * A thread that kills this process (SIGKILL, because a blocked thread handles nothing else) when it is blocked for too long or
 * uses too much memory. It records the reason, so that after the restart by the supervisor the file is set aside.
 */
export function startWatchdog(stateDir: string, format: LogFormat = 'text', limits: WatchdogLimits = LIMITS): { stop(): void } {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const { program, eval: isText } = threadProgram('watchdog');
  const worker = new Worker(program, {
    eval: isText,
    workerData: { beats, stateDir, limits, format },
    resourceLimits: { maxYoungGenerationSizeMb: 2 },
    execArgv: [],
  });
  // Everything else works without it.
  worker.on('error', () => undefined).unref();
  const timer = setInterval(() => void Atomics.add(beats, 0, 1), BEAT_MS).unref();
  return {
    stop() {
      clearInterval(timer);
      worker.terminate().catch(() => undefined);
    },
  };
}
