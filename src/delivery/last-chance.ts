import type { Clock } from '../core/clock.ts';

/** How long sinks may take nothing after an interruption. systemd and containers wait for 10 s and more, people for less. */
const NOTHING_TAKEN_MS = 1500;
const LOOK_MS = 100;

interface Interrupting {
  /** Aborted: nothing more is read. */
  readonly stop: AbortSignal;
  /** Aborted: waiting ends. */
  readonly giveUp: AbortSignal;
  readonly clock: Clock;
}

/** What is known of a delivery. */
interface Progress {
  /** Number of events whose fate is known. */
  readonly settled: number;
  /** Whether events wait for a sink. */
  readonly isWaiting: boolean;
}

/**
 * Ends waiting when nothing is read any more and no sink takes anything: one that hangs, fails, or asked for a pause would hold up the end for
 * nothing, because what is left is kept. Sinks that go on taking events may do so until `giveUp`.
 */
export class LastChance {
  /** Aborts with `giveUp`, or after {@link NOTHING_TAKEN_MS} without progress. */
  readonly signal: AbortSignal;
  private readonly isOver = new AbortController();
  private readonly idle = new AbortController();
  private readonly begin: () => void;
  private readonly parts: Interrupting;
  private look: () => Progress = () => ({ settled: 0, isWaiting: false });

  constructor(parts: Interrupting) {
    this.parts = parts;
    this.signal = AbortSignal.any([parts.giveUp, this.idle.signal]);
    this.begin = () => void this.watch();
  }

  /** Starts to watch a delivery. */
  start(look: () => Progress): void {
    const { stop } = this.parts;
    this.look = look;
    if (stop.aborted) this.begin();
    else stop.addEventListener('abort', this.begin, { once: true });
  }

  /** Everything has its fate. */
  end(): void {
    this.parts.stop.removeEventListener('abort', this.begin);
    this.isOver.abort();
  }

  private async watch(): Promise<void> {
    const { clock } = this.parts;
    let before = this.look();
    let since = clock.elapsed();
    while (!this.isOver.signal.aborted && !this.signal.aborted) {
      await clock.sleep(LOOK_MS, this.isOver.signal);
      const now = this.look();
      if (now.settled !== before.settled || !now.isWaiting) since = clock.elapsed();
      else if (clock.elapsed() - since >= NOTHING_TAKEN_MS) this.idle.abort();
      before = now;
    }
  }
}
