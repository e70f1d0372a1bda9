import type { Sink, SinkError } from '../sink/sink.ts';

/** A sink that did not answer when it was asked, before anything was sent: its time to be tried again has begun. */
export interface Unanswered {
  readonly sink: Sink;
  readonly error: SinkError;
  /** When it was asked, by the clock's `elapsed`. */
  readonly since: number;
}
