import { uptime } from 'node:os';
import { systemClock } from '../clock.ts';
import { DEFAULT_SPOOL_LIMITS, type SpoolLimits } from './spool-limits.ts';
import { Store } from './store.ts';

/** The state file as this process uses it. `what` it does is told when it ends without a word. Throws `state-unusable`. */
export function openStore(stateDir: string, what: string, limits: SpoolLimits = DEFAULT_SPOOL_LIMITS): Store {
  return new Store({ stateDir, limits, now: systemClock.now, pid: process.pid, isAlive, what });
}

/** A process that began before this machine did, or before this process of the same number (in a container all have the same), is gone. */
export function isAlive(pid: number, started: number): boolean {
  const age = pid === process.pid ? process.uptime() : uptime();
  if (started < Date.now() - age * 1000) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
