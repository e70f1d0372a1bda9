import type { BatchOf } from '../sink/batch.ts';
import type { Entry, Outcome, Refusal, Rejection, SinkError } from '../sink/sink.ts';

/** Counts of what one attempt settled. */
export interface AnswerCounts {
  readonly delivered: number;
  readonly already: number;
  readonly restamped: number;
  readonly removed: number;
}

/** What one attempt settled for good. */
export interface Answered<E extends Entry> extends AnswerCounts {
  /** Entries that the sink has now: `delivered` and `already`. */
  readonly done: readonly E[];
  readonly rejected: readonly (Rejection & { readonly entry: E })[];
}

/** Entries that were not delivered, because the sink fails or is too slow. */
export interface Undelivered<E extends Entry> {
  readonly entries: readonly E[];
  readonly error: SinkError;
  /** When the first failing attempt began, by the clock's `elapsed`. */
  readonly since: number;
  /** The server's answer about these events, when it asked for no pause. */
  readonly refusal?: Refusal | undefined;
  /** The sink takes other events, but not these. */
  readonly refused?: boolean;
  /** The server's answer is final: the same request would be refused again. */
  readonly isFinal?: boolean;
  /** The sink accepts them only after a person has changed something there, see `Outcome.blocked`. */
  readonly isBlocked?: boolean;
}

export const NO_COUNTS: AnswerCounts = { delivered: 0, already: 0, restamped: 0, removed: 0 };

/** What an outcome settled, with the entries of delivery. */
export function answered<E extends Entry>(
  { delivered, already, restamped = 0, removed = 0, retry, rejected }: Outcome,
  { entries }: BatchOf<E>,
): Answered<E> {
  const back = new Set<Entry>([...retry, ...rejected.map(({ entry }) => entry)]);
  const done = back.size === 0 ? entries : entries.filter((entry) => !back.has(entry));
  return { delivered, already, restamped, removed, done, rejected: rejected as Answered<E>['rejected'] };
}

/** The entries that a sink gave back, with the type that delivery gave them. */
export function entriesIn<E extends Entry>(some: readonly Entry[], { entries }: BatchOf<E>): readonly E[] {
  if (some.length === 0) return [];
  const wanted = new Set(some);
  return entries.filter((entry) => wanted.has(entry));
}
