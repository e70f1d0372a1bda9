import type { RunEnd } from '../nmap/item.ts';
import type { RunContext } from './context.ts';
import { seenAt } from './time.ts';

/** 285 years in seconds: nanoseconds of more do not fit into 64 bits. */
const MOST_SECONDS = 9e9;

/** `event.duration` in nanoseconds. */
export function duration(context: RunContext, { stats }: RunEnd): number | undefined {
  const finished = stats?.finished;
  if (finished?.elapsed !== undefined) return nanoseconds(finished.elapsed);
  const ended = seenAt(finished?.time, context.options.now());
  return ended === 0 || ended < context.start ? undefined : nanoseconds((ended - context.start) / 1000);
}

/** Undefined for an impossible duration, which would not fit into a `long` field. */
function nanoseconds(seconds: number): number | undefined {
  return seconds < 0 || seconds > MOST_SECONDS ? undefined : Math.round(seconds * 1e9);
}

/** `elapsed` in seconds; undefined when it is impossible. */
export function elapsedOf({ stats }: RunEnd): number | undefined {
  const elapsed = stats?.finished?.elapsed;
  return elapsed === undefined || nanoseconds(elapsed) === undefined ? undefined : elapsed;
}

export function impossibleElapsed(end: RunEnd): readonly string[] {
  const elapsed = end.stats?.finished?.elapsed;
  return elapsed === undefined || elapsedOf(end) !== undefined ? [] : [`finished@elapsed=${elapsed}`];
}
