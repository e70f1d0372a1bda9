import { systemClock } from '../core/clock.ts';
import { isAlive, tickOf } from '../core/process-alive.ts';
import { DEFAULT_SPOOL_LIMITS, type SpoolLimits } from './spool-limits.ts';
import { Store } from './store.ts';

/** The state file as this process uses it. `what` it does is told when it ends without a word. Throws `state-unusable`. */
export function openStore(stateDir: string, what: string, limits: SpoolLimits = DEFAULT_SPOOL_LIMITS): Store {
  return new Store({ stateDir, limits, now: systemClock.now, pid: process.pid, tick: tickOf(process.pid), isAlive, what });
}
