import type { Clock } from '../core/clock.ts';

/** Shows whether the watch loop is alive. */
export class Heartbeat {
  private readonly clock: Pick<Clock, 'elapsed'>;
  private readonly limitMs: number;
  private last: number;
  private looked = false;

  /** The loop is stuck without a beat for `limitMs`. */
  constructor(clock: Pick<Clock, 'elapsed'>, limitMs: number) {
    this.clock = clock;
    this.limitMs = limitMs;
    this.last = clock.elapsed();
  }

  /** A beat: a piece was read, a look began or ended. */
  show(): void {
    this.last = this.clock.elapsed();
  }

  /** The first look was completed. */
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

  /** The answer of /healthz. */
  health(): { readonly isGood: boolean; readonly lines: readonly string[] } {
    if (!this.isStuck) return { isGood: true, lines: ['ok'] };
    return { isGood: false, lines: [`the loop has shown no sign of life for ${Math.round(this.silentMs / 1000)} seconds`] };
  }

  get firstLookDone(): boolean {
    return this.looked;
  }
}
