import { systemClock } from '../core/clock.ts';
import { isAlive, tickOf } from '../core/process-alive.ts';
import { DEFAULT_SPOOL_LIMITS, type SpoolLimits } from './spool-limits.ts';
import { Store } from './store.ts';

/** Opens the state file for this process. `what`: what the run does, for the report if it is killed. Throws `state-unusable`. */
export function openStore(stateDir: string, what: string, limits: SpoolLimits = DEFAULT_SPOOL_LIMITS): Store {
  return new Store({ stateDir, limits, now: systemClock.now, pid: process.pid, tick: tickOf(process.pid), isAlive, what });
}
