import type { Clock } from '../core/clock.ts';

/** Whether the loop that looks into directories and after what waits goes on. */
export class Heartbeat {
  private readonly clock: Pick<Clock, 'elapsed'>;
  private readonly limitMs: number;
  private last: number;
  private looked = false;

  /** It is stuck when it has shown none for `limitMs`. */
  constructor(clock: Pick<Clock, 'elapsed'>, limitMs: number) {
    this.clock = clock;
    this.limitMs = limitMs;
    this.last = clock.elapsed();
  }

  /** Something went on: a piece was read, a look began or ended. */
  show(): void {
    this.last = this.clock.elapsed();
  }

  /** All that lay there when it began was looked at. */
  hasLooked(): void {
    this.looked = true;
    this.show();
  }

  get isStuck(): boolean {
    return this.silentMs > this.limitMs;
  }

  get silentMs(): number {
    return this.clock.elapsed() - this.last;
  }

  get firstLookDone(): boolean {
    return this.looked;
  }
}
