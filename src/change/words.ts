import { count } from '../event/text.ts';

const UNITS = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
] as const;

/** Milliseconds as a person says them: `41 days`, `3 hours`, `12 seconds`; a part of a unit does not count, or with `ceil` as a whole one. */
export function inWords(ms: number, round: 'floor' | 'ceil' = 'floor'): string {
  for (const [size, unit] of UNITS) if (ms >= size) return count(Math[round](ms / size), unit);
  return count(Math.max(0, Math[round](ms / 1000)), 'second');
}
