import type { Clock } from '../core/clock.ts';
import { type BatchOf, batchOf } from '../sink/batch.ts';
import type { Sink } from '../sink/sink.ts';
import type { Moment } from '../state/claims.ts';
import type { AckGroupFate } from '../state/ledger.ts';
import type { Queued } from '../state/queued.ts';
import type { Store } from '../state/store.ts';
import type { Account } from './account.ts';
import { AckGroup, type AckGroups, ackGroupsOf } from './ack-group.ts';
import type { Condition } from './condition.ts';
import type { QueuedBatch } from './queued-batch.ts';
import type { SpoolWriter } from './spool-writer.ts';

/** How often it is looked what another process has done, and how long that may take with nothing done, behind the time of one answer. */
const POLL_MS = 100;
const PATIENCE_MS = 60_000;
/** Whoever is interrupted waits for an answer that another process is about to get: to keep what that one delivers would send it twice. */
const LAST_PATIENCE_MS = 5000;

/** Who has an acknowledgement group in hand; or what became of it. */
type Holder = 'ours' | 'theirs' | AckGroupFate;

interface ClaimingParts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly store: Store;
  readonly groups: AckGroups;
  readonly account: Account;
  readonly changed: Condition;
  /** Entries of the ledger up to this number count for nothing. */
  readonly after: number;
  readonly sink: Pick<Sink, 'answerMs'>;
  /** Learns of a mistake in what is done in the background. */
  readonly sendQueue: { mistake: unknown };
  /** Sends what turned out to be ours after all. */
  forward(queuedBatch: QueuedBatch): Promise<void> | undefined;
  /** Sends what was claimed and waits for a fuller batch, and enters in the ledger what is known by then. */
  flushAll(): Promise<void>;
}

/**
 * Several processes may ship the same scan at the same time. Before anything of an acknowledgement group is sent, the run claims it;
 * what another live run has in hand waits until its fate is in the ledger. When that run is dead, or does nothing with it for a minute, the claim
 * is taken away from it: it is sent from here, and by the other one no more, which looks whether its claims are there before each attempt.
 * What is claimed is sent at once, before anything is waited for, so two never wait for each other.
 */
export class Claiming {
  private readonly spoolWriter: SpoolWriter;
  private readonly parts: ClaimingParts;
  private waiting = 0;

  constructor(spoolWriter: SpoolWriter, parts: ClaimingParts) {
    this.spoolWriter = spoolWriter;
    this.parts = parts;
  }

  /** What of a batch is to be sent now; the rest is dealt with in the background. Asked again before each attempt, and before it goes to disk. */
  take(batch: BatchOf<Queued>): BatchOf<Queued> {
    const { ours, theirs } = this.sort(batch.entries, undefined);
    if (theirs.length > 0) void this.waitFor(theirs, batch.partition);
    return ours.length === batch.entries.length ? batch : batchOf(ours, batch.partition);
  }

  /** Something waits for another process. */
  get isWaiting(): boolean {
    return this.waiting > 0;
  }

  /**
   * When nothing waits: reading on meanwhile would only pile up more. Whatever is claimed is sent before: a part of it that stays in memory would
   * hold up who waits for it, and for whom this may wait.
   */
  async idle(): Promise<void> {
    await this.parts.flushAll();
    await this.parts.changed.until(() => !this.isWaiting);
  }

  private async waitFor(entries: readonly Queued[], partition: string): Promise<void> {
    const { changed, sendQueue } = this.parts;
    this.waiting++;
    try {
      for (let left = entries; left.length > 0;) left = await this.waitAWhile(left, partition);
    } catch (error) {
      sendQueue.mistake ??= error;
    } finally {
      this.waiting--;
      changed.notify();
    }
  }

  /** Until it is known what became of all, or who has it has had enough time. Returns what yet another one has in hand by then. */
  private async waitAWhile(entries: readonly Queued[], partition: string): Promise<readonly Queued[]> {
    const { clock, signal, sink } = this.parts;
    const [before, patience] = [this.momentNow(), new Patience(clock, signal, (sink.answerMs ?? 0) + PATIENCE_MS)];
    for (let left = entries; left.length > 0;) {
      const isOver = !(await patience.waits());
      const { ours, theirs } = this.sort(left, isOver ? before : NOTHING_YET);
      if (ours.length > 0) await this.parts.forward({ seq: this.spoolWriter.nextSeq(), batch: batchOf(ours, partition), stored: false });
      if (isOver) return theirs;
      left = theirs;
    }
    return [];
  }

  private momentNow(): Moment {
    try {
      return this.spoolWriter.tables.claims.now();
    } catch (error) {
      this.spoolWriter.noteFailure(error);
      return NOTHING_YET;
    }
  }

  /** `overdue`: takes that away from others, or from none when they have time yet; left out, what is not ours has not waited at all. */
  private sort(entries: readonly Queued[], overdue: Moment | undefined): { readonly ours: readonly Queued[]; readonly theirs: readonly Queued[] } {
    const keys = [...ackGroupsOf(entries)].map(({ key }) => key);
    const holders = this.holders(keys, overdue);
    if (holders.size === 0) return { ours: entries, theirs: [] };
    const [ours, theirs]: [Queued[], Queued[]] = [[], []];
    for (const entry of entries) {
      const holder = holders.get(entry.ackGroup?.key ?? '') ?? 'ours';
      if (holder === 'ours') ours.push(entry);
      else if (holder === 'theirs') theirs.push(entry);
      else this.known(entry, holder);
    }
    return { ours, theirs };
  }

  /** Claims what nobody has; says of whom the others are. When the state fails, all are ours. */
  private holders(keys: readonly string[], overdue: Moment | undefined): ReadonlyMap<string, Holder> {
    const { spoolWriter } = this;
    const { claims } = spoolWriter.tables;
    try {
      claims.forgetLost(keys);
      const unclaimed = keys.filter((key) => !claims.isOurs(key));
      return unclaimed.length === 0 ? NOBODY : this.parts.store.database.quickly(() => this.claim(unclaimed, overdue));
    } catch (error) {
      spoolWriter.noteFailure(error);
      return NOBODY;
    }
  }

  /** In a transaction. */
  private claim(keys: readonly string[], overdue: Moment | undefined): ReadonlyMap<string, Holder> {
    const { store, after } = this.parts;
    const { claims, ledger } = this.spoolWriter.tables;
    if (overdue !== undefined) {
      store.releaseClaimsOfTheDead();
      claims.takeAway(overdue);
    }
    const ofOthers = claims.ofOthers();
    const holders = new Map<string, Holder>(keys.map((key) => [key, ledger.fateOf(key, after) ?? (ofOthers.has(key) ? 'theirs' : 'ours')]));
    claims.take(keys.filter((key) => holders.get(key) === 'ours'));
    return holders;
  }

  /** Another process has dealt with it meanwhile, and entered it in the ledger. */
  private known(entry: Queued, fate: AckGroupFate): void {
    const { groups, account } = this.parts;
    const tally = account.of(entry.dataset);
    account.known(tally, fate);
    if (fate === 'spooled') this.spoolWriter.fates.awaitFateOf(entry.ackGroup?.key ?? '', tally);
    if (entry.ackGroup instanceof AckGroup) entry.ackGroup.abandoned = true;
    groups.settle([entry], 'done');
  }
}

/** Until when the fate of something is waited for: not for long any more, once this process is interrupted. */
class Patience {
  private readonly clock: Clock;
  private readonly signal: AbortSignal;
  private until: number;
  private isInterrupted = false;

  constructor(clock: Clock, signal: AbortSignal, milliseconds: number) {
    this.clock = clock;
    this.signal = signal;
    this.until = clock.elapsed() + milliseconds;
  }

  /** Waits a moment; false when that was the last one. */
  async waits(): Promise<boolean> {
    const { clock, signal } = this;
    await clock.sleep(POLL_MS, this.isInterrupted ? NEVER : signal);
    if (signal.aborted && !this.isInterrupted) this.until = Math.min(this.until, clock.elapsed() + LAST_PATIENCE_MS);
    this.isInterrupted = signal.aborted;
    return clock.elapsed() < this.until;
  }
}

const NEVER = new AbortController().signal;
const NOBODY: ReadonlyMap<string, Holder> = new Map();
const NOTHING_YET: Moment = new Map();
