import { PortlogError } from '../../core/errors.ts';

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** A date, or how long ago: `7d`. Epoch milliseconds. */
export function sinceOf(given: string, now: number): number {
  const [, number, unit = ''] = /^(\d+)([mhdw])$/.exec(given) ?? [];
  const time = number === undefined ? Date.parse(given) : now - Number(number) * (UNITS[unit] ?? 0);
  if (Number.isNaN(time))
    throw new PortlogError('usage', `--since "${given}": no date, and no time ago`, { hint: '2026-01-31, 2026-01-31T12:00:00Z, 24h, 7d' });
  return time;
}
