import { count } from '../event/text.ts';

const UNITS = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
] as const;

/** Milliseconds as a person says them: `41 days`, `3 hours`, `12 seconds`. */
export function inWords(ms: number): string {
  for (const [size, unit] of UNITS) if (ms >= size) return count(Math.floor(ms / size), unit);
  return count(Math.max(0, Math.floor(ms / 1000)), 'second');
}
