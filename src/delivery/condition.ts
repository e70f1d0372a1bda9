import type { Clock } from '../core/clock.ts';

/** Something may have changed: whoever waits looks again. */
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

  /** Resolves at the next change, with true, or after so many milliseconds, with false. */
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
