import { uptime } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { systemClock } from '../clock.ts';
import type { Settings } from '../config/settings.ts';
import { Store } from '../delivery/store.ts';

/** The state file as this process uses it. `what` it reads is told when it ends without a word. */
export function openStore({ stateDir, spool }: Pick<Settings, 'stateDir' | 'spool'>, what: string): Store {
  // 100 MB to Loki, and to disk for Elasticsearch: 340 MB at the peak as V8 likes to grow, 186 MB so, for a tenth more CPU.
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=60');
  return new Store({ stateDir, limits: spool, now: systemClock.now, pid: process.pid, isAlive, what });
}

/** A process that began before this machine did is not the one of that number now. */
function isAlive(pid: number, started: number): boolean {
  if (started < Date.now() - uptime() * 1000) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
