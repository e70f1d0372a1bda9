import type { Clock } from '../core/clock.ts';
import type { Heartbeat } from './heartbeat.ts';

/** What a sink says when it is asked. */
export interface SinkAnswer {
  readonly sink: string;
  /** `refused`: it needs a person, as for a wrong key or a template that is missing. `down`: that may pass by itself. */
  readonly is: 'ready' | 'refused' | 'down';
  readonly reason: string;
}

export interface ReadinessOptions {
  readonly life: Pick<Heartbeat, 'firstLookDone'>;
  readonly ask: () => Promise<readonly SinkAnswer[]>;
  readonly clock: Pick<Clock, 'elapsed'>;
}

/** Sinks are asked no more often than that, whoever wants to know. */
const ASK_EVERY_MS = 60_000;

/** Whether `watch` and `run` can do what they are there for: the state is open, all was looked at once, and every sink is set up. */
export class Readiness {
  private readonly options: ReadinessOptions;
  /** Once it was ready, a sink that is down is what the spool is for. */
  private readonly wasReady = new Set<string>();
  private answers: Promise<readonly SinkAnswer[]> | undefined;
  private asked = 0;

  constructor(options: ReadinessOptions) {
    this.options = options;
  }

  /** Other sinks, from a configuration that was read anew. */
  forget(): void {
    this.answers = undefined;
  }

  async look(): Promise<{ readonly isGood: boolean; readonly lines: readonly string[] }> {
    const { life } = this.options;
    const sinks = (await this.ask()).map((answer) => this.judge(answer));
    const isGood = life.firstLookDone && sinks.every((sink) => sink.isGood);
    return { isGood, lines: ['state: open', `first look: ${life.firstLookDone ? 'done' : 'not done yet'}`, ...sinks.map(({ line }) => line)] };
  }

  private ask(): Promise<readonly SinkAnswer[]> {
    const now = this.options.clock.elapsed();
    if (this.answers === undefined || now - this.asked > ASK_EVERY_MS) {
      this.asked = now;
      this.answers = this.options.ask();
      // Asked again by the next one, who is told why.
      this.answers.catch(() => this.forget());
    }
    return this.answers;
  }

  private judge({ sink, is, reason }: SinkAnswer): { readonly isGood: boolean; readonly line: string } {
    if (is === 'ready') this.wasReady.add(sink);
    if (is === 'refused') this.wasReady.delete(sink);
    const isGood = this.wasReady.has(sink);
    return { isGood, line: `${sink}: ${is === 'ready' ? 'set up' : isGood ? `set up, and down now: ${reason}` : reason}` };
  }
}
