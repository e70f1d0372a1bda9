import type { Clock } from '../core/clock.ts';
import { isOurs } from '../core/mistake.ts';
import type { Refusal } from '../sink/sink.ts';
import { batchOf } from '../sink/batch.ts';
import type { Undelivered } from './deliver.ts';
import type { SpoolWriter } from './spool-writer.ts';
import { backoffMs } from './backoff.ts';
import type { SpooledBatch } from '../state/spool.ts';
import type { Queued } from '../state/queued.ts';

/** So often an event is tried alone. */
const TRIES_ALONE = 5;
/** So many one after the other, and nothing gets through: then it is the sink. */
const MAX_IN_VAIN = 3;

interface SuspectOptions {
  readonly clock: Clock;
  readonly retryForMs: number;
  readonly signal: AbortSignal;
  /** Events that the sink has taken so far, in whatever way. */
  readonly taken: () => number;
  /** What that was when one of them failed last: only what was taken since says that the sink works. */
  readonly evidence: { taken: number };
}

type Send = (spooled: SpooledBatch) => Promise<Undelivered<Queued> | undefined>;

/**
 * What was put behind the others, because the sink took those, when those have gone: in halves, until a single event is
 * left that the sink does not take although it takes others. That ends as a dead letter, with the server's reason.
 * Whatever is not settled in time waits for another run.
 */
export async function sendSuspects(spoolWriter: SpoolWriter, patience: SuspectOptions, send: Send, onDead: (reason: string) => void): Promise<void> {
  const { clock, retryForMs, signal } = patience;
  const until = clock.elapsed() + retryForMs;
  for (
    let round = 1;
    !signal.aborted && spoolWriter.tables.spool.nextBehind(0) !== undefined && spoolWriter.tables.lease.take(clock.now());
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

/** Each of them once. False when the sink does not work. */
async function sendRound(spoolWriter: SpoolWriter, { send, taken, evidence, signal, onDead }: Round): Promise<boolean> {
  const { spool } = spoolWriter.tables;
  let inVain = 0;
  for (let next = spool.nextBehind(0); next !== undefined && !signal.aborted; next = spool.nextBehind(next.seq)) {
    if (!('batch' in next)) {
      spoolWriter.setAside(next);
      continue;
    }
    const left = await send(next);
    if (left === undefined) continue;
    // Who answers about single events, and takes others, works; who answers nothing to one, only if another got through since.
    const isWorking = left.refusal !== undefined || left.entries.length > 1 ? taken() > 0 : taken() > evidence.taken;
    inVain = taken() > evidence.taken ? 0 : inVain + 1;
    if ((left.error.kind !== 'temporary' && !isOurs(left.error)) || inVain > MAX_IN_VAIN) return false;
    if (!isWorking) continue;
    evidence.taken = taken();
    settle(spoolWriter, next, left, onDead);
  }
  return inVain === 0 || taken() > 0;
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
