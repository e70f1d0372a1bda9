import type { Clock } from '../core/clock.ts';
import { type BatchOf, batchOf } from '../sink/batch.ts';
import { type Entry, type Outcome, type Refusal, type Sink, SinkError } from '../sink/sink.ts';
import { type Answered, answered, entriesIn, NO_COUNTS, type Undelivered } from './answered.ts';
import { attempt } from './attempt.ts';
import { backoffMs } from './backoff.ts';
import { NO_REASON, SetAside } from './set-aside.ts';

export interface RetryOptions<E extends Entry> {
  readonly clock: Clock;
  /** How long a batch is retried without progress, in milliseconds. */
  readonly retryForMs: number;
  /** When aborted, waiting ends. */
  readonly signal: AbortSignal;
  /** Number of events that the sink has accepted so far, of any batch; more of them show that it works. */
  readonly accepted: () => number;
  /** Returns the part of a batch that is still to be sent; called before each attempt, because another process may have taken over the rest. */
  readonly stillOurs?: ((batch: BatchOf<E>) => BatchOf<E>) | undefined;
}

/** Attempts for a few entries while the sink takes others, before these are set aside. */
const MAX_ATTEMPTS_BESIDE = 3;
/** With more refused entries than this, the server is busy rather than the entries bad. */
const MAX_REFUSED = 10;
/** Single entries that a sink refuses in a row before the sink, rather than the entries, is to blame. */
const MAX_SINCE_SUCCESS = 3;

/**
 * Sends a batch until each entry is delivered or rejected. Only entries that the server gave back are retried, and a request
 * that is too large is split in halves. Returns what is left when the sink fails, stays busy for too long, or `signal` aborts.
 */
export async function deliver<E extends Entry>(
  sink: Sink,
  whole: BatchOf<E>,
  options: RetryOptions<E>,
  onAnswer: (settled: Answered<E>) => void,
): Promise<Undelivered<E> | undefined> {
  return new BatchDelivery(sink, whole, options, onAnswer).run();
}

class BatchDelivery<E extends Entry> {
  private readonly sink: Sink;
  private readonly options: RetryOptions<E>;
  private readonly onAnswer: (settled: Answered<E>) => void;
  private readonly aside: SetAside<E>;
  private readonly acceptedBefore: number;
  /** Parts of the batch that are to be sent. */
  private readonly waiting: BatchOf<E>[];
  /** Time and number of attempts since the sink last settled an entry. */
  private since: number;
  private attempts = 0;

  constructor(sink: Sink, whole: BatchOf<E>, options: RetryOptions<E>, onAnswer: (settled: Answered<E>) => void) {
    this.sink = sink;
    this.options = options;
    this.onAnswer = onAnswer;
    this.aside = new SetAside(sink, whole);
    this.acceptedBefore = options.accepted();
    this.waiting = [whole];
    this.since = options.clock.elapsed();
  }

  async run(): Promise<Undelivered<E> | undefined> {
    const { signal, accepted, stillOurs = (batch) => batch } = this.options;
    const { sink, aside, waiting } = this;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const batch = stillOurs(next);
      if (batch.entries.length === 0) continue;
      const outcome = await attempt(sink, batch, signal);
      if (outcome instanceof SinkError) return { entries: aside.and([batch, ...waiting]), error: outcome, since: this.since };
      this.note(answered(outcome, batch));
      const left = entriesIn(outcome.retry, batch);
      const undelivered = left.length === 0 ? undefined : await this.handleRetry(batchOf(left, batch.partition), outcome);
      if (undelivered !== undefined) return undelivered;
    }
    if (aside.isEmpty) return undefined;
    return aside.blocked === undefined ? aside.with([], this.since, this.isWorking) : aside.withBlocked(this.since, accepted() > 0);
  }

  /** Whether the sink has accepted something since this delivery began. */
  private get isWorking(): boolean {
    return this.options.accepted() > this.acceptedBefore;
  }

  private note(answered: Answered<E>): void {
    if (answered.done.length === 0 && answered.rejected.length === 0) return;
    this.onAnswer(answered);
    [this.since, this.attempts] = [this.options.clock.elapsed(), 0];
    this.aside.sinceSuccess = 0;
  }

  /** Decides about entries that the sink gave back. Returns all that is left when it is not to be tried any more. */
  private async handleRetry(left: BatchOf<E>, outcome: Outcome): Promise<Undelivered<E> | undefined> {
    const { aside, waiting } = this;
    if (outcome.blocked !== undefined) {
      aside.block(left.entries, outcome.blocked);
      return undefined;
    }
    if (outcome.setAside === true) {
      aside.add(left.entries, outcome.refusal);
      return aside.sinceSuccess < MAX_SINCE_SUCCESS ? undefined : aside.with(waiting, this.since, this.isWorking);
    }
    waiting.unshift(...(outcome.split === true ? this.halves(left) : [left]));
    const atOnce = (outcome.split === true || outcome.adapted === true) && outcome.retryAfterMs === undefined;
    return waiting.length === 0 || atOnce ? undefined : this.pause(outcome);
  }

  /** The halves of a request that was too large; a single event that is too large is rejected. */
  private halves({ entries, partition }: BatchOf<E>): readonly BatchOf<E>[] {
    const [only] = entries;
    if (entries.length === 1 && only !== undefined) {
      this.onAnswer({ ...NO_COUNTS, done: [], rejected: [{ entry: only, reason: 'the server finds this single event too large', status: 413 }] });
      return [];
    }
    const middle = Math.ceil(entries.length / 2);
    return [batchOf(entries.slice(0, middle), partition), batchOf(entries.slice(middle), partition)];
  }

  /** Waits before the next attempt. Returns all that is left when there is none. */
  private async pause(outcome: Outcome): Promise<Undelivered<E> | undefined> {
    const { clock, retryForMs, signal } = this.options;
    const { sink, waiting, since } = this;
    const wait = backoffMs(++this.attempts, clock.random(), outcome.retryAfterMs);
    const isLate = signal.aborted || clock.elapsed() + wait > since + retryForMs;
    const isRefused = !signal.aborted && waiting.length === 1 && this.isWorking && isAboutThese(sink, outcome);
    if (!isLate && (!isRefused || this.attempts < MAX_ATTEMPTS_BESIDE)) {
      await clock.sleep(wait, signal);
      return undefined;
    }
    return {
      entries: this.aside.and(waiting),
      error: tooBusy(sink, signal, outcome.refusal),
      since,
      refusal: outcome.retryAfterMs === undefined ? (outcome.refusal ?? NO_REASON) : undefined,
      refused: isRefused,
    };
  }
}

/**
 * Whether a refusal is about these entries rather than about a busy server, which would ask for a pause or refuse many. Always false for sinks
 * that keep an order, where the others have to wait anyway.
 */
function isAboutThese({ limits }: Sink, { retry, retryAfterMs }: Outcome): boolean {
  return limits.inFlightPerPartition > 1 && retryAfterMs === undefined && retry.length <= MAX_REFUSED;
}

function tooBusy(sink: Sink, signal: AbortSignal, refusal: Refusal | undefined): SinkError {
  return signal.aborted
    ? new SinkError('temporary', `${sink.name}: interrupted while it waited to try again`)
    : new SinkError(
        'temporary',
        `${sink.name} asked for retries until the time for them was over${refusal === undefined ? '' : `: ${refusal.reason}`}`,
      );
}
