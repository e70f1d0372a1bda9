const FIRST_PAUSE_MS = 60_000;
const LAST_PAUSE_MS = 3_600_000;

interface Pause {
  readonly version: string;
  readonly until: number;
  readonly pauseMs: number;
}

/** What did not go well, and is tried again after pauses that grow from a minute to an hour; at once when it is another version. Times are epoch milliseconds. */
export class Postponed {
  private readonly pauses = new Map<string, Pause>();

  has(path: string, version: string, now: number): boolean {
    const pause = this.pauses.get(path);
    // Further away than any pause: the clock was set back.
    return pause?.version === version && now < pause.until && pause.until - now <= LAST_PAUSE_MS;
  }

  add(path: string, version: string, now: number): void {
    const before = this.pauses.get(path);
    const pauseMs = before?.version === version ? Math.min(before.pauseMs * 2, LAST_PAUSE_MS) : FIRST_PAUSE_MS;
    this.pauses.set(path, { version, until: now + pauseMs, pauseMs });
  }

  remove(path: string): void {
    this.pauses.delete(path);
  }
}
