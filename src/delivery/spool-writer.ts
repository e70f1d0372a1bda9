import type { Clock } from '../core/clock.ts';
import { PortlogError } from '../core/errors.ts';
import type { BatchLimits, Sink, SinkIdentity } from '../sink/sink.ts';
import { batchOf } from '../sink/batch.ts';
import type { Account } from './account.ts';
import type { Answered, Undelivered } from './answered.ts';
import type { QueuedBatch } from './queued-batch.ts';
import type { LostBatch, SpooledBatch } from '../state/spool.ts';
import type { SinkTables, Store, WaitingSink } from '../state/store.ts';
import type { CountingTally, Tally } from '../state/tally.ts';
import type { Queued } from '../state/queued.ts';
import { AckGroup, type AckGroups, ackGroupsOf, keysOf } from './ack-group.ts';
import { FateRecorder, type Rejected } from './fate-recorder.ts';
import { retryDeadLetters } from './retry-dead-letters.ts';
import { enterWaiting, keepRest } from './spool-rest.ts';
import { type NewOwner, takeOver } from './take-over.ts';

/** Range of batch numbers that each run may use. */
const SEQ_PER_RUN = 2 ** 32;

/** Beyond the limit, for portlog's own events: two or three of a kilobyte for each run. */
const RESERVE_BYTES = 1 << 20;

/** Writes the spool, dead letters and ledger of one sink. What is kept is counted when its write is durable. */
export class SpoolWriter {
  readonly tables: SinkTables;
  readonly fates: FateRecorder;
  /** Events in damaged batches of the spool. */
  damaged = 0;
  /** The batch of the spool that is in flight. */
  beingSent: number | undefined;
  /** The spool is full and the sink accepts nothing, so reading was given up. */
  stuck = false;
  /** Events could neither be delivered nor kept. */
  fatal: PortlogError | undefined;
  /** The ledger could not be written: the same scan will be sent to the server again. */
  bookkeeping: PortlogError | undefined;

  private readonly identity: SinkIdentity;
  private readonly store: Store;
  private readonly clock: Clock;
  private readonly groups: AckGroups;
  private readonly account: Account;
  private batches = 0;
  /** The tally of each batch of this run in the spool. */
  private readonly tallyOf = new Map<number, Tally>();
  /** Committed batches whose events are in no tally yet, because they were neither sent nor kept. */
  private readonly uncounted = new Set<number>();

  constructor(sink: Sink, store: Store, clock: Clock, groups: AckGroups, account: Account) {
    this.store = store;
    this.clock = clock;
    this.groups = groups;
    this.account = account;
    this.identity = sink.identity;
    this.tables = store.tables(sink.identity);
    this.fates = new FateRecorder(this.tables, clock, groups, account);
  }

  /** Batches of this run in the spool. */
  get backlog(): number {
    return this.tallyOf.size;
  }

  nextSeq(): number {
    return this.store.run * SEQ_PER_RUN + ++this.batches;
  }

  /** Deletes expired batches; true when any are left to be sent. */
  expire(): boolean {
    this.store.transaction(() => {
      for (const lost of this.tables.spool.expire()) this.lose(lost, 'old');
    });
    return this.tables.spool.hasWork();
  }

  /** Moves the dead letters back to the spool. */
  retryDeadLetters({ maxEvents }: BatchLimits): void {
    retryDeadLetters(this.asOwner(), maxEvents);
  }

  /** Moves what waits for other sinks of the same kind to this one; with `maxDead`, their dead letters too, in batches of at most that many. */
  takeOver(others: readonly WaitingSink[], maxDead: number | undefined): void {
    for (const from of others) takeOver(from, this.asOwner(), maxDead);
  }

  private asOwner(): NewOwner {
    const { identity, tables, store, account } = this;
    return { identity, tables, store, now: this.clock.now(), nextSeq: () => this.nextSeq(), known: (events) => account.alreadyReplayed(events) };
  }

  /**
   * Spools a batch before it is sent, within the surrounding transaction. Its groups are entered in the ledger, so that after a crash a run
   * that reads the same scan does not announce them again.
   */
  commit({ seq, batch }: QueuedBatch): void {
    const { spool, ledger } = this.tables;
    spool.append(seq, batch, { now: this.clock.now(), outbox: true });
    this.uncounted.add(seq);
    const groups = [...ackGroupsOf(batch.entries)];
    ledger.enter(groups.map((group) => ({ key: group.key, events: group instanceof AckGroup ? group.events : 0, dead: false })));
    ledger.noteSpooled(keysOf(groups), seq);
    for (const group of groups) if (group instanceof AckGroup) group.opened = true;
  }

  /** Spools a batch; with `behind`, after all others, because the sink accepts those. */
  keep(queuedBatch: QueuedBatch, behind = false): void {
    const { entries } = queuedBatch.batch;
    const tally = this.account.of(entries[0]?.dataset);
    const { spool } = this.tables;
    try {
      this.store.transaction(() => {
        if (!queuedBatch.stored) {
          spool.append(queuedBatch.seq, queuedBatch.batch, { now: this.clock.now() });
          enterWaiting(this.tables.ledger, entries, queuedBatch.seq);
        }
        if (behind) spool.putBehind(queuedBatch.seq, 1);
        // They wait now, and would be sent twice if dead letters are tried again.
        this.fates.forgetDead(entries);
        this.groups.record(entries, 'spooled');
        this.fates.enterComplete();
        this.store.saveSums();
      });
    } catch (error) {
      this.groups.lose(entries);
      return this.noteFatal(error);
    }
    this.account.spooled(tally, entries.length);
    this.tallyOf.set(queuedBatch.seq, tally);
    this.uncounted.delete(queuedBatch.seq);
    for (const lost of spool.makeRoom(this.beingSent === undefined ? this.uncounted : new Set([...this.uncounted, this.beingSent])))
      this.lose(lost, 'full');
  }

  /**
   * Counts an answer, and enters its groups in the ledger and its rejected events in the dead letters. `settled`: a committed batch of which
   * nothing is left; it leaves the spool in the same transaction.
   */
  recordAnswer(tally: CountingTally, answer: Answered<Queued>, settled?: QueuedBatch): void {
    const { done, rejected } = answer;
    this.groups.record(done, 'done');
    this.groups.record(
      rejected.map(({ entry }) => entry),
      'dead',
    );
    this.account.answered(tally, answer, this.keepRejected(rejected));
    if (settled !== undefined) this.uncounted.delete(settled.seq);
    this.note(() => {
      this.fates.forgetDead(done);
      this.fates.noteParts(done);
      this.fates.enterComplete();
      if (settled !== undefined) keepRest(this.tables, settled.seq, settled.batch, undefined);
    });
  }

  /** Returns how many were kept. */
  private keepRejected(rejected: readonly Rejected[]): number {
    if (rejected.length === 0) return 0;
    try {
      this.store.transaction(() => this.fates.storeDeadLetters(rejected));
      return rejected.length;
    } catch (error) {
      this.groups.lose(rejected.map(({ entry }) => entry));
      this.noteFatal(error);
      return 0;
    }
  }

  /** Updates a committed batch of which not everything was settled at once: what is left of it stays in the spool. */
  update({ seq, batch }: QueuedBatch, left: readonly Queued[] | undefined): void {
    if (left === undefined) this.uncounted.delete(seq);
    this.note(() => keepRest(this.tables, seq, batch, left));
  }

  /** Records an attempt for a spooled batch. False when it could not be written: the attempt then does not count. */
  recordSpooledAnswer(
    { seq, run, batch }: SpooledBatch,
    answered: readonly Answered<Queued>[],
    left: Pick<Undelivered<Queued>, 'entries'> | undefined,
  ): boolean {
    const [done, rejected] = [answered.flatMap((one) => one.done), answered.flatMap((one) => one.rejected)];
    const others = [...rejected.map(({ entry }) => entry), ...(left?.entries ?? [])];
    try {
      this.store.transaction(() => {
        this.fates.storeDeadLetters(rejected);
        // Older versions did not store the groups of a batch.
        if (rejected.some(({ entry }) => entry.ackGroup === undefined)) this.tables.ledger.lose(seq);
        this.fates.forgetDead(done);
        this.fates.notePartsOfSpooled(seq, done, others);
        keepRest(this.tables, seq, batch, left?.entries);
        this.store.saveSums();
      });
    } catch (error) {
      this.noteFailure(error);
      return false;
    }
    const tally = run === this.store.run ? this.account.of(batch.entries[0]?.dataset) : this.account.replayed;
    for (const one of answered) this.account.answered(tally, one, one.rejected.length);
    this.account.unspooled(tally, batch.entries.length - (left?.entries.length ?? 0));
    if (left === undefined) this.tallyOf.delete(seq);
    return true;
  }

  /** Moves a batch that the sink refuses behind those that it accepts, and halves it next time to find the bad event. */
  putBehind({ seq, run, tries, batch }: SpooledBatch): void {
    const { spool, ledger } = this.tables;
    const middle = Math.ceil(batch.entries.length / 2);
    this.note(() => {
      if (tries === 0 || batch.entries.length === 1) return spool.putBehind(seq, tries + 1);
      const [other, second] = [this.nextSeq(), batch.entries.slice(middle)];
      spool.append(other, batchOf(second, batch.partition), { now: this.clock.now(), run, tries });
      ledger.noteSpooled(keysOf(ackGroupsOf(second)), other);
      keepRest(this.tables, seq, batch, batch.entries.slice(0, middle));
      const tally = this.tallyOf.get(seq);
      if (tally !== undefined) this.tallyOf.set(other, tally);
    });
  }

  /** A batch is damaged on disk: it stays there for inspection, and its groups may be shipped again. */
  setAside({ seq, events }: LostBatch): void {
    this.damaged += events;
    this.tables.ledger.lose(seq);
  }

  /** A batch was deleted with its events. */
  private lose({ seq, run, events }: LostBatch, why: 'full' | 'old'): void {
    const isOfThisRun = run === this.store.run;
    const tally = isOfThisRun ? (this.tallyOf.get(seq) ?? this.account.tally) : this.account.replayed;
    this.account.discarded(tally, events);
    this.account.unspooled(tally, events);
    this.account.givenUp[why] += events;
    this.tallyOf.delete(seq);
  }

  isFull(): boolean {
    return this.tables.spool.limits.whenFull === 'block' && this.tables.spool.isFull();
  }

  /** Whether there is room for portlog's own events, which tell that the spool is full. */
  hasReserve(): boolean {
    return !this.tables.spool.isFull(RESERVE_BYTES);
  }

  giveUpReading(): void {
    this.stuck = true;
  }

  /** Enters complete groups, for which other processes may wait. */
  enterKnown(): void {
    if (this.fates.hasUnrecorded) this.note(() => this.fates.enterComplete());
  }

  /** At the end of a run: enters complete groups, and looks up the fate of events that waited. */
  finishRun(): void {
    this.note(() => {
      this.fates.enterComplete();
      this.fates.countEarlier();
      this.fates.pruneParts();
    });
    this.note(() => {
      this.tables.lease.release();
      this.tables.claims.releaseAll();
    });
  }

  /** Records a failure of the state file that delivery can do without; rethrows other errors. */
  noteFailure(error: unknown): void {
    this.bookkeeping ??= stateErrorOnly(error);
  }

  /** Does bookkeeping that delivery can do without. */
  private note(work: () => void): void {
    try {
      this.store.transaction(() => {
        work();
        this.store.saveSums();
      });
    } catch (error) {
      this.noteFailure(error);
    }
  }

  private noteFatal(error: unknown): void {
    this.fatal ??= stateErrorOnly(error);
  }
}

function stateErrorOnly(error: unknown): PortlogError {
  if (error instanceof PortlogError && error.code === 'state-unusable') return error;
  throw error;
}
