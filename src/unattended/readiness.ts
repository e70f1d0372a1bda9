import type { Clock } from '../core/clock.ts';
import type { Heartbeat } from './heartbeat.ts';

/** The answer of a sink to a check. */
export interface SinkAnswer {
  readonly sink: string;
  /** `refused`: it needs a person (wrong key, missing template). `down`: it may recover by itself. */
  readonly is: 'ready' | 'refused' | 'down';
  readonly reason: string;
  /** It has accepted events, as far as the state knows, so it was set up. */
  readonly hasTaken?: boolean;
}

export interface ReadinessOptions {
  readonly heartbeat: Pick<Heartbeat, 'firstLookDone'>;
  readonly ask: () => Promise<readonly SinkAnswer[]>;
  readonly clock: Pick<Clock, 'elapsed'>;
}

/** Sinks are checked at most this often. */
const ASK_EVERY_MS = 60_000;

/** Readiness of `watch` and `run`: the state is open, everything was looked at once, and every sink is set up. */
export class Readiness {
  private readonly options: ReadinessOptions;
  /** Sinks that were ready once: when they are down, events are spooled. */
  private readonly wasReady = new Set<string>();
  /** Sinks that needed a person at the last answer. */
  private readonly refused = new Set<string>();
  private answers: Promise<readonly SinkAnswer[]> | undefined;
  private asked = 0;

  constructor(options: ReadinessOptions) {
    this.options = options;
  }

  /** The configuration was reloaded: sinks may be others. */
  forget(): void {
    this.answers = undefined;
  }

  async look(): Promise<{ readonly isGood: boolean; readonly lines: readonly string[] }> {
    const { heartbeat } = this.options;
    const sinks = (await this.ask()).map((answer) => this.lineOf(answer));
    const isGood = heartbeat.firstLookDone && sinks.every((sink) => sink.isGood);
    return { isGood, lines: ['state: open', `first look: ${heartbeat.firstLookDone ? 'done' : 'not done yet'}`, ...sinks.map(({ line }) => line)] };
  }

  private ask(): Promise<readonly SinkAnswer[]> {
    const now = this.options.clock.elapsed();
    if (this.answers === undefined || now - this.asked > ASK_EVERY_MS) {
      this.asked = now;
      this.answers = this.options.ask();
      // The next caller checks again and gets the reason.
      this.answers.catch(() => this.forget());
    }
    return this.answers;
  }

  private lineOf({ sink, is, reason, hasTaken = false }: SinkAnswer): { readonly isGood: boolean; readonly line: string } {
    if (is === 'refused') {
      this.wasReady.delete(sink);
      this.refused.add(sink);
    } else if (is === 'ready' || (hasTaken && !this.refused.has(sink))) {
      this.wasReady.add(sink);
      this.refused.delete(sink);
    }
    const isGood = this.wasReady.has(sink);
    return { isGood, line: `${sink}: ${is === 'ready' ? 'set up' : isGood ? `set up, and down now: ${reason}` : reason}` };
  }
}
