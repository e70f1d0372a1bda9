import type { Clock } from '../core/clock.ts';
import { isMistake } from '../core/mistake.ts';
import type { Refusal } from '../sink/sink.ts';
import { batchOf } from '../sink/batch.ts';
import type { Undelivered } from './deliver.ts';
import type { SpoolWriter } from './spool-writer.ts';
import { backoffMs } from './backoff.ts';
import type { SpooledBatch } from '../state/spool.ts';
import type { Queued } from '../state/queued.ts';

/** Attempts for a single event. */
const TRIES_ALONE = 5;
/** Consecutive failures after which the sink is to blame. */
const MAX_IN_VAIN = 3;

/** Barred batches in a row after which the sink is to blame; more than there are datasets, each of which may lack a privilege. */
export const MOST_BARRED = 10;

interface SuspectOptions {
  readonly clock: Clock;
  readonly retryForMs: number;
  readonly signal: AbortSignal;
  /** Number of events that the sink has accepted so far, directly or from the spool. */
  readonly taken: () => number;
  /** The value of `taken` at the last failure: only what was accepted later shows that the sink works. */
  readonly evidence: { taken: number };
}

type Send = (spooled: SpooledBatch) => Promise<Undelivered<Queued> | undefined>;

/**
 * Sends batches that were moved behind the others, and halves them until a single event is left that the sink refuses while accepting others.
 * That event becomes a dead letter with the server's reason. Another run continues with what is not settled in time.
 */
export async function sendSuspects(spoolWriter: SpoolWriter, patience: SuspectOptions, send: Send, onDead: (reason: string) => void): Promise<void> {
  const { clock, retryForMs, signal } = patience;
  const until = clock.elapsed() + retryForMs;
  for (
    let round = 1;
    !signal.aborted && spoolWriter.tables.spool.nextBehind(0) !== undefined && spoolWriter.tables.lease.take(clock.elapsed);
    round++
  ) {
    if (!(await sendRound(spoolWriter, { ...patience, send, onDead }))) return;
    if (spoolWriter.tables.spool.nextBehind(0) === undefined) return;
    const wait = backoffMs(round, clock.random(), undefined);
    if (clock.elapsed() + wait > until) return;
    await clock.sleep(wait, signal);
  }
}

interface Round extends Pick<SuspectOptions, 'taken' | 'evidence' | 'signal'> {
  readonly send: Send;
  readonly onDead: (reason: string) => void;
}

/** Tries each of the batches once. False when the sink fails, or only barred batches are left. */
async function sendRound(spoolWriter: SpoolWriter, { send, taken, evidence, signal, onDead }: Round): Promise<boolean> {
  const { spool } = spoolWriter.tables;
  let inVain = 0;
  let isLeft = false;
  const barred = { before: taken(), inVain: 0 };
  for (let next = spool.nextBehind(0); next !== undefined && !signal.aborted; next = spool.nextBehind(next.seq)) {
    if (!('batch' in next)) {
      spoolWriter.setAside(next);
      continue;
    }
    const left = await send(next);
    if (left === undefined) continue;
    if (left.isBarred === true) {
      if (taken() > barred.before) Object.assign(barred, { before: taken(), inVain: 0 });
      if (++barred.inVain >= MOST_BARRED) return false;
      continue;
    }
    isLeft = true;
    // A sink that answers about single events works; one that does not answer works only if it took another event since.
    const isWorking = left.refusal !== undefined || left.entries.length > 1 ? taken() > 0 : taken() > evidence.taken;
    // A busy server gives the same answer to many events; a final refusal counts however many events it is about.
    const isSaidForGood = left.forGood === true && taken() > 0;
    inVain = isSaidForGood || taken() > evidence.taken ? 0 : inVain + 1;
    if ((left.error.kind !== 'temporary' && !isMistake(left.error)) || inVain > MAX_IN_VAIN) return false;
    if (!isWorking) continue;
    evidence.taken = taken();
    settle(spoolWriter, next, left, onDead);
  }
  return isLeft && (inVain === 0 || taken() > 0);
}

function settle(
  spoolWriter: SpoolWriter,
  spooled: SpooledBatch,
  { entries, refusal, error }: Undelivered<Queued>,
  onDead: (reason: string) => void,
): void {
  const rest = { ...spooled, batch: batchOf(entries, spooled.batch.partition) };
  const [only, ...others] = entries;
  if (only === undefined) return;
  if (others.length > 0 || spooled.tries < TRIES_ALONE) return spoolWriter.putBehind(rest);
  const { reason, status }: Refusal = refusal ?? { reason: error.message };
  const rejected = [{ entry: only, reason, ...(status === undefined ? {} : { status }) }];
  onDead(reason);
  spoolWriter.settleSpooled(rest, [{ delivered: 0, already: 0, restamped: 0, removed: 0, done: [], rejected }], undefined);
}
