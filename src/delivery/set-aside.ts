import type { BatchOf } from '../sink/batch.ts';
import { type Entry, type Refusal, type Sink, SinkError } from '../sink/sink.ts';
import { entriesIn, type Undelivered } from './answered.ts';

const REFUSED_HINT =
  'look at its log; when it accepts another event, these become dead letters, because then only they are refused. portlog replay --purge deletes them';
export const NO_REASON: Refusal = { reason: 'the server accepts other events, but refuses this one each time' };

/** Entries that the sink does not take, set aside so that the rest of their batch can go on. */
export class SetAside<E extends Entry> {
  /** Entries added since the sink last accepted something. */
  sinceSuccess = 0;
  /** Why they are blocked. */
  blocked: SinkError | undefined;
  private readonly sink: Sink;
  private readonly whole: BatchOf<E>;
  private readonly entries: E[] = [];
  private refusal: Refusal = NO_REASON;

  constructor(sink: Sink, whole: BatchOf<E>) {
    this.sink = sink;
    this.whole = whole;
  }

  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  add(entries: readonly E[], refusal: Refusal | undefined): void {
    this.entries.push(...entries);
    if (refusal !== undefined) this.refusal = refusal;
    this.sinceSuccess++;
  }

  block(entries: readonly E[], error: SinkError): void {
    this.entries.push(...entries);
    this.blocked ??= error;
  }

  /** All entries that are left, merged in order with those of `waiting`. */
  and(waiting: readonly BatchOf<E>[]): readonly E[] {
    return entriesIn([...this.entries, ...waiting.flatMap(({ entries }) => entries)], this.whole);
  }

  /** The result when entries are blocked. `isWorking`: the sink has accepted something in this run, so other batches go on. */
  withBlocked(since: number, isWorking: boolean): Undelivered<E> {
    const error = this.blocked ?? new SinkError('permanent', this.refusal.reason);
    return { entries: this.and([]), error, since, isBlocked: true, refused: isWorking && this.sink.limits.inFlightPerPartition > 1 };
  }

  /** The result with the entries of `waiting`, which were not tried. `isWorking`: the sink accepts others, so these can be tried after them. */
  with(waiting: readonly BatchOf<E>[], since: number, isWorking: boolean): Undelivered<E> {
    const { sink, refusal } = this;
    const { status, reason } = refusal;
    const words = status === undefined ? reason : `${status}: ${reason}`;
    return {
      entries: this.and(waiting),
      error: new SinkError('temporary', `${sink.name} refuses what it is sent (${words})`, isWorking ? {} : { hint: REFUSED_HINT }),
      since,
      refusal,
      isFinal: true,
      refused: isWorking && sink.limits.inFlightPerPartition > 1,
    };
  }
}
