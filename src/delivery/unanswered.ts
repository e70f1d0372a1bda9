import type { Sink, SinkError } from '../sink/sink.ts';

/** A sink that did not answer a check before anything was sent; its retry time starts at that moment. */
export interface Unanswered {
  readonly sink: Sink;
  readonly error: SinkError;
  /** When it was checked, by the clock's `elapsed`. */
  readonly since: number;
}
