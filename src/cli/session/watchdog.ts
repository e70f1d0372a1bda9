import { Worker } from 'node:worker_threads';
import type { LogFormat } from './log-line.ts';
import { threadProgram } from '../../core/package-files.ts';

/** What is too much of one file; far above what reading takes. */
export interface WatchdogLimits {
  /** So long the main thread may be busy without a pause, in seconds. */
  readonly blockedSeconds: number;
  /** Of the process, in bytes. */
  readonly memoryBytes: number;
}

const LIMITS: WatchdogLimits = { blockedSeconds: 120, memoryBytes: 1536 << 20 };
const BEAT_MS = 1000;

/**
 * A thread that ends this process (SIGKILL: what is blocked obeys nothing else) when it is blocked for too long or takes too much
 * memory, and writes down why, so that the next one leaves the file alone that was being read. Whoever supervises it starts it again.
 */
export function startWatchdog(stateDir: string, format: LogFormat = 'text', limits: WatchdogLimits = LIMITS): { stop(): void } {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const { program, eval: isText } = threadProgram('watchdog');
  const worker = new Worker(program, {
    eval: isText,
    workerData: { beats, stateDir, limits, format },
    // It shares nothing with us that could be full.
    resourceLimits: { maxYoungGenerationSizeMb: 2 },
    execArgv: [],
  });
  // Without it everything works but this.
  worker.on('error', () => undefined).unref();
  const timer = setInterval(() => void Atomics.add(beats, 0, 1), BEAT_MS).unref();
  return {
    stop() {
      clearInterval(timer);
      worker.terminate().catch(() => undefined);
    },
  };
}
