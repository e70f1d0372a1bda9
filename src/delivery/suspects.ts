import type { Clock } from '../core/clock.ts';
import { isMistake } from '../core/mistake.ts';
import type { Refusal } from '../sink/sink.ts';
import { batchOf } from '../sink/batch.ts';
import { NO_COUNTS, type Undelivered } from './answered.ts';
import type { SpoolWriter } from './spool-writer.ts';
import { backoffMs } from './backoff.ts';
import type { SpooledBatch } from '../state/spool.ts';
import type { Queued } from '../state/queued.ts';

/** Attempts for a single event. */
const TRIES_ALONE = 5;
/** Consecutive failures after which the sink is to blame. */
const MAX_SINCE_SUCCESS = 3;

/** Blocked batches in a row after which the sink counts as failing; more than there are datasets, each of which may lack a privilege. */
export const MAX_BLOCKED = 10;

interface SuspectOptions {
  readonly clock: Clock;
  readonly retryForMs: number;
  readonly signal: AbortSignal;
  /** Number of events that the sink has accepted so far, directly or from the spool. */
  readonly accepted: () => number;
  /** The value of `accepted` at the last failure: only what was accepted later shows that the sink works. */
  readonly evidence: { accepted: number };
}

type Send = (spooled: SpooledBatch) => Promise<Undelivered<Queued> | undefined>;

/**
 * Sends batches that were moved behind the others, and halves them until a single event is left that the sink refuses while accepting others.
 * That event becomes a dead letter with the server's reason. Another run continues with what is not settled in time.
 */
export async function sendSuspects(
  spoolWriter: SpoolWriter,
  patience: SuspectOptions,
  send: Send,
  onRejected: (reason: string) => void,
): Promise<void> {
  const { clock, retryForMs, signal } = patience;
  const until = clock.elapsed() + retryForMs;
  const { spool, lease } = spoolWriter.tables;
  const isLeft = (): boolean => spool.nextBehind(0) !== undefined;
  for (let round = 1; !signal.aborted && isLeft() && lease.take(clock.elapsed); round++) {
    if (!(await sendRound(spoolWriter, { ...patience, send, onRejected })) || !isLeft()) return;
    const wait = backoffMs(round, clock.random(), undefined);
    if (clock.elapsed() + wait > until) return;
    await clock.sleep(wait, signal);
  }
}

interface Round extends Pick<SuspectOptions, 'accepted' | 'evidence' | 'signal'> {
  readonly send: Send;
  readonly onRejected: (reason: string) => void;
}

/** Tries each of the batches once. False when the sink fails, or only blocked batches are left. */
async function sendRound(spoolWriter: SpoolWriter, { send, accepted, evidence, signal, onRejected }: Round): Promise<boolean> {
  const { spool } = spoolWriter.tables;
  let sinceSuccess = 0;
  let isLeft = false;
  const blocked = { before: accepted(), inARow: 0 };
  for (let next = spool.nextBehind(0); next !== undefined && !signal.aborted; next = spool.nextBehind(next.seq)) {
    if (!('batch' in next)) {
      spoolWriter.setAside(next);
      continue;
    }
    const left = await send(next);
    if (left === undefined) continue;
    if (left.isBlocked === true) {
      if (accepted() > blocked.before) Object.assign(blocked, { before: accepted(), inARow: 0 });
      if (++blocked.inARow >= MAX_BLOCKED) return false;
      continue;
    }
    isLeft = true;
    // A sink that answers about single events works; one that does not answer works only if it took another event since.
    const isWorking = left.refusal !== undefined || left.entries.length > 1 ? accepted() > 0 : accepted() > evidence.accepted;
    // A busy server gives the same answer to many events; a final refusal counts however many events it is about.
    const isFinalRefusal = left.isFinal === true && accepted() > 0;
    sinceSuccess = isFinalRefusal || accepted() > evidence.accepted ? 0 : sinceSuccess + 1;
    if ((left.error.kind !== 'temporary' && !isMistake(left.error)) || sinceSuccess > MAX_SINCE_SUCCESS) return false;
    if (!isWorking) continue;
    evidence.accepted = accepted();
    recordSuspect(spoolWriter, next, left, onRejected);
  }
  return isLeft && (sinceSuccess === 0 || accepted() > 0);
}

function recordSuspect(
  spoolWriter: SpoolWriter,
  spooled: SpooledBatch,
  { entries, refusal, error }: Undelivered<Queued>,
  onRejected: (reason: string) => void,
): void {
  const rest = { ...spooled, batch: batchOf(entries, spooled.batch.partition) };
  const [only, ...others] = entries;
  if (only === undefined) return;
  if (others.length > 0 || spooled.tries < TRIES_ALONE) return spoolWriter.putBehind(rest);
  const why: Refusal = refusal ?? { reason: error.message };
  const rejected = [{ entry: only, ...why }];
  onRejected(why.reason);
  spoolWriter.recordSpooledAnswer(rest, [{ ...NO_COUNTS, done: [], rejected }], undefined);
}
