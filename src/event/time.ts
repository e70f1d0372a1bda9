/** The last second of the year 9999: later ones break date fields, and are no times anyway. */
const LATEST_SECOND = 253_402_300_799;

/** nmap's epoch seconds as milliseconds, as far as they are a time; 0 when absent or impossible. */
export function milliseconds(seconds: number | undefined): number {
  return seconds === undefined || seconds < 0 || seconds > LATEST_SECOND ? 0 : seconds * 1000;
}

/** nmap's first release: no scan is older. */
const EARLIEST_MS = Date.UTC(1997, 8, 1);

/** So far may the clock of a scanner be ahead of ours, in milliseconds: as far as servers take it. */
export const AHEAD_MS = 600_000;

/** nmap's epoch seconds as milliseconds; 0 when absent, or when nothing can have been seen then: before nmap was, or after `now`. */
export function seenAt(seconds: number | undefined, now: number): number {
  const time = (seconds ?? 0) * 1000;
  return time < EARLIEST_MS || time > now + AHEAD_MS ? 0 : time;
}

/** Whether a time was told that cannot be. 0 is one, too: nmap leaves out what it does not know. */
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

/** Epoch milliseconds as ISO 8601. Thousands of events share two times, theirs and ours, so the last two are kept. */
export function isoTime(time: number): string {
  if (time === last.time) return last.iso;
  if (time !== before.time) before = { time, iso: new Date(time).toISOString() };
  [last, before] = [before, last];
  return last.iso;
}
