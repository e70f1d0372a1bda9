import { isPausing, nextPauseMs, type Pauses } from './pause.ts';

const PAUSES: Pauses = { firstMs: 60_000, lastMs: 3_600_000 };

interface Pause {
  readonly version: string;
  readonly until: number;
  readonly pauseMs: number;
}

/** Items that failed and are retried after pauses from a minute to an hour; at once when they changed. Times are epoch milliseconds. */
export class Postponed {
  private readonly pauses = new Map<string, Pause>();

  has(path: string, version: string, now: number): boolean {
    const pause = this.pauses.get(path);
    return pause?.version === version && isPausing(pause.until, now, PAUSES);
  }

  add(path: string, version: string, now: number): void {
    const before = this.pauses.get(path);
    const pauseMs = nextPauseMs(before?.version === version ? before.pauseMs : undefined, PAUSES);
    this.pauses.set(path, { version, until: now + pauseMs, pauseMs });
  }

  remove(path: string): void {
    this.pauses.delete(path);
  }
}
