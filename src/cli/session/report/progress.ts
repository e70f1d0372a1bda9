import type { Progress } from '../../../pipeline/shipping.ts';
import type { Log } from '../log.ts';

const INTERVAL_MS = 200;

/** Shows progress, a few times a second at most. */
export function progressReporter(log: Log, now: () => number): (progress: Progress) => void {
  let next = now() + INTERVAL_MS;
  return ({ source, bytes, hosts, events, task }) => {
    if (now() < next) return;
    next = now() + INTERVAL_MS;
    const doing = task === undefined ? '' : `, ${task}`;
    log.progress(`${source}: ${(bytes / 1e6).toFixed(1)} MB, ${hosts} hosts, ${events} events${doing}`);
  };
}
