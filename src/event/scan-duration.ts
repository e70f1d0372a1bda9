import type { RunEnd } from '../nmap/item.ts';
import type { RunContext } from './context.ts';
import { seenAt } from './time.ts';

/** 285 years in seconds: nanoseconds of more do not fit into 64 bits. */
const MOST_SECONDS = 9e9;

/** ECS counts nanoseconds. */
export function duration(context: RunContext, { stats }: RunEnd): number | undefined {
  const finished = stats?.finished;
  if (finished?.elapsed !== undefined) return nanoseconds(finished.elapsed);
  const ended = seenAt(finished?.time, context.options.now());
  return ended === 0 || ended < context.start ? undefined : nanoseconds((ended - context.start) / 1000);
}

/** Undefined when no scan takes so long, and no field of whole numbers holds it. */
function nanoseconds(seconds: number): number | undefined {
  return seconds < 0 || seconds > MOST_SECONDS ? undefined : Math.round(seconds * 1e9);
}

/** Seconds, as far as a scan can have taken them. */
export function elapsedOf({ stats }: RunEnd): number | undefined {
  const elapsed = stats?.finished?.elapsed;
  return elapsed === undefined || nanoseconds(elapsed) === undefined ? undefined : elapsed;
}

export function impossibleElapsed(end: RunEnd): readonly string[] {
  const elapsed = end.stats?.finished?.elapsed;
  return elapsed === undefined || elapsedOf(end) !== undefined ? [] : [`finished@elapsed=${elapsed}`];
}
