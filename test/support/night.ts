import type { Clock } from '../../src/core/clock.ts';
import { Directory, MemorySightings } from '../../src/source/directory.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAYS = 24 * HOUR;
export const START = Date.parse('2026-01-31T01:30:00Z');

/** A clock that only goes when somebody sleeps, and that ends everything at a time. */
export class Night implements Clock {
  time = START;
  readonly stop = new AbortController();
  private readonly until: number;

  constructor(until: number) {
    this.until = until;
  }

  readonly now = (): number => this.time;
  readonly elapsed = (): number => this.time;
  readonly random = (): number => 0.5;
  readonly sleep = async (milliseconds: number): Promise<void> => {
    this.pass(milliseconds);
  };

  pass(milliseconds: number): void {
    this.time += milliseconds;
    if (this.time >= this.until) this.stop.abort();
  }
}

export function directoryAt(path: string, isOurClock = true): Directory {
  return new Directory(path, { cutAfterMs: HOUR, isOurClock: () => isOurClock, sightings: new MemorySightings() });
}
