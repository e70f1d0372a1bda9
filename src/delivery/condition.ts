import type { Clock } from '../core/clock.ts';

/** A condition variable: waiters check again when something may have changed. */
export class Condition {
  private readonly clock: Clock;
  private next = Promise.withResolvers<void>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  notify(): void {
    const { resolve } = this.next;
    this.next = Promise.withResolvers<void>();
    resolve();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.next.promise;
  }

  /** Resolves with true at the next change, or with false after so many milliseconds. */
  async within(milliseconds: number): Promise<boolean> {
    if (milliseconds === Number.POSITIVE_INFINITY) return this.next.promise.then(() => true);
    const enough = new AbortController();
    const changed = this.next.promise.then(() => true);
    try {
      return await Promise.race([changed, this.clock.sleep(milliseconds, enough.signal).then(() => false)]);
    } finally {
      enough.abort();
    }
  }
}
