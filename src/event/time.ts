/** The last second of the year 9999: later ones do not fit date fields. */
const LATEST_SECOND = 253_402_300_799;

/** nmap's epoch seconds as milliseconds; 0 when absent or out of range. */
export function milliseconds(seconds: number | undefined): number {
  return seconds === undefined || seconds < 0 || seconds > LATEST_SECOND ? 0 : seconds * 1000;
}

/** nmap's first release: no scan is older. */
const EARLIEST_MS = Date.UTC(1997, 8, 1);

/** How far the clock of a scanner may be ahead of ours, in milliseconds; servers accept as much. */
export const AHEAD_MS = 600_000;

/** nmap's epoch seconds as milliseconds; 0 when absent or impossible: before nmap existed, or after `now`. */
export function seenAt(seconds: number | undefined, now: number): number {
  const time = (seconds ?? 0) * 1000;
  return time < EARLIEST_MS || time > now + AHEAD_MS ? 0 : time;
}

/** Whether a time is impossible. So is 0, except where nmap itself writes it (`misdatedIn`). */
export function isMisdated(seconds: number | undefined, now: number): boolean {
  return seconds !== undefined && seenAt(seconds, now) === 0;
}

/** nmap's epoch seconds as ISO 8601, or undefined when absent or impossible. */
export function isoSeconds(seconds: number | undefined, now: number): string | undefined {
  const time = seenAt(seconds, now);
  return time === 0 ? undefined : isoTime(time);
}

/** Epoch milliseconds as ISO 8601, or undefined when there is no such time. */
export function isoIfKnown(time: number | undefined): string | undefined {
  return time === undefined || !Number.isFinite(time) || time <= 0 ? undefined : isoTime(time);
}

let last = { time: Number.NaN, iso: '' };
let before = last;

/** Dates are at most this far from 1970, in both directions. https://tc39.es/ecma262/#sec-time-values-and-time-range */
const FURTHEST_MS = 8_640_000_000_000_000;

/**
 * Epoch milliseconds as ISO 8601; a number out of range (a damaged state may hold anything) gives the nearest date. The last two results are
 * cached, because thousands of events share them.
 */
export function isoTime(time: number): string {
  if (time === last.time) return last.iso;
  if (time !== before.time) before = { time, iso: new Date(Math.min(Math.max(time, -FURTHEST_MS), FURTHEST_MS)).toISOString() };
  [last, before] = [before, last];
  return last.iso;
}
