import { PortlogError } from '../../core/errors.ts';

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** A date in ISO 8601, or how long ago: `7d`. Epoch milliseconds. Throws `usage`, also for an impossible age. */
export function sinceOf(given: string, now: number): number {
  const [, number, unit = ''] = /^(\d+)([mhdw])$/.exec(given) ?? [];
  const time = number === undefined ? dateOf(given) : now - Number(number) * (UNITS[unit] ?? 0);
  if (Number.isNaN(time)) throw refused(given, 'this is neither a date nor a length of time');
  if (time < 0) throw refused(given, 'this is before 1970, when no scan was made');
  if (time > now) throw refused(given, 'this is in the future');
  return time;
}

/** Parses strictly: JavaScript would read `1` as a month, and the 31st of June as the first of July. */
function dateOf(given: string): number {
  const [, day] = /^(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/.exec(given) ?? [];
  if (day === undefined) return Number.NaN;
  const midnight = Date.parse(day);
  return !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day) ? Date.parse(given) : Number.NaN;
}

function refused(given: string, why: string): PortlogError {
  return new PortlogError('usage', `--since "${given}": ${why}`, { hint: 'for example 2026-01-31, 2026-01-31T12:00:00Z, 24h or 7d' });
}
