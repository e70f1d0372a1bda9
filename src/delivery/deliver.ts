import type { Clock } from '../core/clock.ts';
import { mistake } from '../core/mistake.ts';
import { type Batch, type Entry, type Outcome, type Refusal, type Rejection, type Sink, SinkError } from '../sink/sink.ts';
import { type BatchOf, batchOf } from '../sink/batch.ts';
import { backoffMs } from './backoff.ts';

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
  { clock, retryForMs, signal, accepted, stillOurs = (batch) => batch }: RetryOptions<E>,
  onAnswer: (settled: Answered<E>) => void,
): Promise<Undelivered<E> | undefined> {
  const waiting: BatchOf<E>[] = [whole];
  let since = clock.elapsed();
  let attempts = 0;
  const before = accepted();
  const aside = new Aside(sink, whole);
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const batch = stillOurs(next);
    if (batch.entries.length === 0) continue;
    const outcome = await attempt(sink, batch, signal);
    if (outcome instanceof SinkError) return { entries: aside.and([batch, ...waiting]), error: outcome, since };
    const settled = answered(outcome, batch);
    if (settled.done.length > 0 || settled.rejected.length > 0) {
      onAnswer(settled);
      [since, attempts] = [clock.elapsed(), 0];
      aside.sinceSuccess = 0;
    }
    const left = entriesIn(outcome.retry, batch);
    if (left.length === 0) continue;
    if (outcome.blocked !== undefined) {
      aside.block(left, outcome.blocked);
      continue;
    }
    if (outcome.setAside === true) {
      aside.add(left, outcome.refusal);
      if (aside.sinceSuccess < MAX_SINCE_SUCCESS) continue;
      return aside.with(waiting, since, accepted() > before);
    }
    waiting.unshift(...retryBatches(left, batch.partition, outcome.split === true, onAnswer));
    const atOnce = (outcome.split === true || outcome.adapted === true) && outcome.retryAfterMs === undefined;
    if (waiting.length === 0 || atOnce) continue;
    const wait = backoffMs(++attempts, clock.random(), outcome.retryAfterMs);
    const isLate = signal.aborted || clock.elapsed() + wait > since + retryForMs;
    const isRefused = !signal.aborted && waiting.length === 1 && accepted() > before && isAboutThese(sink, outcome);
    if (isLate || (isRefused && attempts >= MAX_ATTEMPTS_BESIDE))
      return {
        entries: aside.and(waiting),
        error: tooBusy(sink, signal, outcome.refusal),
        since,
        refusal: outcome.retryAfterMs === undefined ? (outcome.refusal ?? NO_REASON) : undefined,
        refused: isRefused,
      };
    await clock.sleep(wait, signal);
  }
  if (aside.isEmpty) return undefined;
  return aside.blocked === undefined ? aside.with([], since, accepted() > before) : aside.withBlocked(since, accepted() > 0);
}

/** Entries that the sink does not take, set aside so that the rest of their batch can go on. */
class Aside<E extends Entry> {
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

/**
 * Whether a refusal is about these entries rather than about a busy server, which would ask for a pause or refuse many. Always false for sinks
 * that keep an order, where the others have to wait anyway.
 */
function isAboutThese({ limits }: Sink, { retry, retryAfterMs }: Outcome): boolean {
  return limits.inFlightPerPartition > 1 && retryAfterMs === undefined && retry.length <= MAX_REFUSED;
}

/** The batches to retry, split if the request was too large; a single event that is too large is rejected. */
function retryBatches<E extends Entry>(
  left: readonly E[],
  partition: string,
  split: boolean,
  onAnswer: (settled: Answered<E>) => void,
): readonly BatchOf<E>[] {
  const [only] = left;
  if (!split) return [batchOf(left, partition)];
  if (left.length === 1 && only !== undefined) {
    onAnswer({ ...NOTHING, done: [], rejected: [{ entry: only, reason: 'the server finds this single event too large', status: 413 }] });
    return [];
  }
  const middle = Math.ceil(left.length / 2);
  return [batchOf(left.slice(0, middle), partition), batchOf(left.slice(middle), partition)];
}

/** A bug of portlog counts as a failure of this sink only: other sinks go on, and its events wait on disk. */
async function attempt(sink: Sink, batch: Batch, signal: AbortSignal): Promise<Outcome | SinkError> {
  try {
    const outcome = await sink.send(batch, signal);
    checkOutcome(outcome, batch);
    return outcome;
  } catch (error) {
    if (error instanceof SinkError) return error;
    const ours = mistake(`sending to ${sink.name}`, error);
    return new SinkError('permanent', ours.message, { hint: ours.hint, cause: ours });
  }
}

const REFUSED_HINT =
  'look at its log; whether this is about these events or about all shows when it takes another event: then these are dead letters. portlog replay --purge gives them up';
const NO_REASON: Refusal = { reason: 'the server takes others, and not this one, however often it is asked' };
export const NOTHING: AnswerCounts = { delivered: 0, already: 0, restamped: 0, removed: 0 };

/** Checks that the sink accounts for every entry: one that does not would falsify the sum. */
function checkOutcome({ delivered, already, retry, rejected }: Outcome, { entries }: Batch): void {
  const known = new Set(entries);
  const back = [...retry, ...rejected.map(({ entry }) => entry)].filter((entry) => known.delete(entry)).length;
  // Entries rendered by a thread are all the same object.
  if (back !== retry.length + rejected.length || entries.length - back !== delivered + already)
    throw new Error(`the sink accounts for ${delivered + already + back} of ${entries.length} events`);
}

function answered<E extends Entry>(
  { delivered, already, restamped = 0, removed = 0, retry, rejected }: Outcome,
  { entries }: BatchOf<E>,
): Answered<E> {
  const back = new Set<Entry>([...retry, ...rejected.map(({ entry }) => entry)]);
  const done = back.size === 0 ? entries : entries.filter((entry) => !back.has(entry));
  return { delivered, already, restamped, removed, done, rejected: rejected as Answered<E>['rejected'] };
}

/** The entries that a sink gave back, with the type that delivery gave them. */
function entriesIn<E extends Entry>(some: readonly Entry[], { entries }: BatchOf<E>): readonly E[] {
  if (some.length === 0) return [];
  const wanted = new Set(some);
  return entries.filter((entry) => wanted.has(entry));
}

function tooBusy(sink: Sink, signal: AbortSignal, refusal: Refusal | undefined): SinkError {
  return signal.aborted
    ? new SinkError('temporary', `${sink.name}: interrupted while it waited to try again`)
    : new SinkError(
        'temporary',
        `${sink.name} asked to try events again until the time for that was over${refusal === undefined ? '' : `: ${refusal.reason}`}`,
      );
}
