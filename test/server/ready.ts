import type { ChildProcess } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';

/** Longer than any server takes beside others, on a busy machine. */
const PATIENCE_MS = 180_000;

/** Resolves when a server that was started is ready. Throws when it has ended, or does not come to that. */
export async function ready(what: string, isReady: () => Promise<boolean>, child?: ChildProcess): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await isReady().catch(() => false))) {
    const ended = child?.exitCode ?? child?.signalCode ?? undefined;
    if (ended !== undefined) throw new Error(`${what} ended with ${ended}`);
    if (performance.now() > end) throw new Error(`${what} is not ready after ${PATIENCE_MS / 1000} s`);
    await wait(100);
  }
}

/** Whether an address answers with 200. */
export async function answers(url: string): Promise<boolean> {
  return (await fetch(url)).ok;
}
