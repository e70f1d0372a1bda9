import type { Clock } from '../core/clock.ts';
import { mistake } from '../core/mistake.ts';
import { type Batch, type Entry, type Outcome, type Refusal, type Rejection, type Sink, SinkError } from '../sink/sink.ts';
import { type BatchOf, batchOf } from '../sink/batch.ts';
import { backoffMs } from './backoff.ts';

export interface RetryOptions {
  readonly clock: Clock;
  /** How long one batch is tried again while nothing of it is taken, in milliseconds. */
  readonly retryForMs: number;
  /** Aborted: no more waiting. */
  readonly signal: AbortSignal;
  /** Events that the sink has taken so far, of any batch: that it works. */
  readonly taken: () => number;
}

/** How many one attempt settled, and how. */
export interface Settlement {
  readonly delivered: number;
  readonly already: number;
  readonly restamped: number;
  readonly removed: number;
}

/** What one attempt settled for good. */
export interface Settled<E extends Entry> extends Settlement {
  /** The entries that are there now: `delivered` and `already` together. */
  readonly done: readonly E[];
  readonly rejected: readonly (Rejection & { readonly entry: E })[];
}

/** What could not be delivered now, and why: the sink as a whole does not work, or not fast enough. */
export interface Undelivered<E extends Entry> {
  readonly entries: readonly E[];
  readonly error: SinkError;
  /** Since when nothing of it has been taken: when the first attempt that failed began, by the clock's `elapsed`. */
  readonly since: number;
  /** The server answered, about these events, and asked for no pause: what it said. */
  readonly refusal?: Refusal | undefined;
  /** The sink takes others, but not these. */
  readonly refused?: boolean;
}

/** So often a few are tried while the sink takes others, before the others go on without them. */
const MAX_ATTEMPTS_BESIDE = 3;
/** More than these are not to blame: then the server is busy. */
const MAX_REFUSED = 10;

/**
 * Sends a batch until each of its entries is delivered or rejected; only what the server sent back goes
 * again, and what is too large as a whole goes in halves. Returns what is left when the sink fails, when
 * it stays busy for too long, or when nobody wants to wait any more.
 */
export async function deliver<E extends Entry>(
  sink: Sink,
  whole: BatchOf<E>,
  { clock, retryForMs, signal, taken }: RetryOptions,
  onSettled: (settled: Settled<E>) => void,
): Promise<Undelivered<E> | undefined> {
  const waiting: BatchOf<E>[] = [whole];
  let since = clock.elapsed();
  let attempts = 0;
  const before = taken();
  for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
    const outcome = await attempt(sink, batch, signal);
    if (outcome instanceof SinkError) return { entries: [batch, ...waiting].flatMap(({ entries }) => entries), error: outcome, since };
    const settled = settledBy(outcome, batch);
    if (settled.done.length > 0 || settled.rejected.length > 0) {
      onSettled(settled);
      [since, attempts] = [clock.elapsed(), 0];
    }
    const left = entriesIn(outcome.retry, batch);
    if (left.length === 0) continue;
    waiting.unshift(...again(left, batch.partition, outcome.split === true, onSettled));
    const atOnce = (outcome.split === true || outcome.adapted === true) && outcome.retryAfterMs === undefined;
    if (waiting.length === 0 || atOnce) continue;
    const wait = backoffMs(++attempts, clock.random(), outcome.retryAfterMs);
    const isLate = signal.aborted || clock.elapsed() + wait > since + retryForMs;
    const isRefused = !signal.aborted && waiting.length === 1 && taken() > before && isAboutThese(sink, outcome);
    if (isLate || (isRefused && attempts >= MAX_ATTEMPTS_BESIDE))
      return {
        entries: waiting.flatMap(({ entries }) => entries),
        error: tooBusy(sink, signal, outcome.refusal),
        since,
        refusal: outcome.retryAfterMs === undefined ? (outcome.refusal ?? NO_WORDS) : undefined,
        refused: isRefused,
      };
    await clock.sleep(wait, signal);
  }
  return undefined;
}

/** Who asks for a pause is busy, and so is who sends back many. Where order counts, the others wait all the same. */
function isAboutThese({ limits }: Sink, { retry, retryAfterMs }: Outcome): boolean {
  return limits.inFlightPerPartition > 1 && retryAfterMs === undefined && retry.length <= MAX_REFUSED;
}

/** What the server sent back, as it is or in halves; a single event that is too large will never go. */
function again<E extends Entry>(
  left: readonly E[],
  partition: string,
  split: boolean,
  onSettled: (settled: Settled<E>) => void,
): readonly BatchOf<E>[] {
  const [only] = left;
  if (!split) return [batchOf(left, partition)];
  if (left.length === 1 && only !== undefined) {
    onSettled({ ...NOTHING, done: [], rejected: [{ entry: only, reason: 'the server finds this single event too large', status: 413 }] });
    return [];
  }
  const middle = Math.ceil(left.length / 2);
  return [batchOf(left.slice(0, middle), partition), batchOf(left.slice(middle), partition)];
}

/** By a mistake of ours it is this sink that does not work: the others never notice, and what was for it waits on disk. */
async function attempt(sink: Sink, batch: Batch, signal: AbortSignal): Promise<Outcome | SinkError> {
  try {
    const outcome = await sink.send(batch, signal);
    accountFor(outcome, batch);
    return outcome;
  } catch (error) {
    if (error instanceof SinkError) return error;
    const ours = mistake(`sending to ${sink.name}`, error);
    return new SinkError('permanent', ours.message, { hint: ours.hint, cause: ours });
  }
}

const NO_WORDS: Refusal = { reason: 'the server takes others, and not this one, however often it is asked' };
export const NOTHING: Settlement = { delivered: 0, already: 0, restamped: 0, removed: 0 };

/** Checks that the sink accounts for every entry: one that does not would falsify the sum. */
function accountFor({ delivered, already, retry, rejected }: Outcome, { entries }: Batch): void {
  const known = new Set(entries);
  const back = [...retry, ...rejected.map(({ entry }) => entry)].filter((entry) => known.delete(entry)).length;
  // Entries that a thread has rendered are all the same one.
  if (back !== retry.length + rejected.length || entries.length - back !== delivered + already)
    throw new Error(`the sink accounts for ${delivered + already + back} of ${entries.length} events`);
}

function settledBy<E extends Entry>(
  { delivered, already, restamped = 0, removed = 0, retry, rejected }: Outcome,
  { entries }: BatchOf<E>,
): Settled<E> {
  const back = new Set<Entry>([...retry, ...rejected.map(({ entry }) => entry)]);
  const done = back.size === 0 ? entries : entries.filter((entry) => !back.has(entry));
  return { delivered, already, restamped, removed, done, rejected: rejected as Settled<E>['rejected'] };
}

/** The same objects, as our own type. */
function entriesIn<E extends Entry>(some: readonly Entry[], { entries }: BatchOf<E>): readonly E[] {
  if (some.length === 0) return [];
  const wanted = new Set(some);
  return entries.filter((entry) => wanted.has(entry));
}

function tooBusy(sink: Sink, signal: AbortSignal, refusal: Refusal | undefined): SinkError {
  return signal.aborted
    ? new SinkError('temporary', `${sink.name}: interrupted while it put events off`)
    : new SinkError('temporary', `${sink.name} put events off for as long as it was tried${refusal === undefined ? '' : `: ${refusal.reason}`}`);
}
