import type { Clock } from '../core/clock.ts';
import { type BatchOf, batchOf } from '../sink/batch.ts';
import type { Sink } from '../sink/sink.ts';
import type { Moment } from '../state/claims.ts';
import type { AckGroupFate } from '../state/ledger.ts';
import type { AckGroupRef, Queued } from '../state/queued.ts';
import type { Store } from '../state/store.ts';
import type { Account } from './account.ts';
import { AckGroup, type AckGroups, ackGroupsOf, keysOf } from './ack-group.ts';
import type { Condition } from './condition.ts';
import type { QueuedBatch } from './queued-batch.ts';
import { openGroup } from './spool-rest.ts';
import type { SpoolWriter } from './spool-writer.ts';

/**
 * How often the state is polled for what another process has done; and how long a claim of another process may stand without progress, beyond
 * the time of one answer.
 */
const POLL_MS = 100;
const PATIENCE_MS = 60_000;
/** How long an interrupted process still waits for claims of others: an answer that they are about to get spares sending the same events twice. */
const LAST_PATIENCE_MS = 5000;

/** Which process sends an acknowledgement group, or its fate when that is known. */
type Holder = 'ours' | 'theirs' | AckGroupFate;

interface ClaimingParts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly store: Store;
  readonly groups: AckGroups;
  readonly account: Account;
  readonly changed: Condition;
  /** Ledger entries up to this number are ignored. */
  readonly after: number;
  /** Also send what the sink has. */
  readonly again?: boolean;
  readonly sink: Pick<Sink, 'answerMs'>;
  /** Receives errors of work in the background. */
  readonly sendQueue: { mistake: unknown };
  /** Sends entries that this process has claimed after waiting. */
  forward(queuedBatch: QueuedBatch): Promise<void> | undefined;
  /** Sends batches that wait to fill up, and enters in the ledger what is known by then. */
  flushAll(): Promise<void>;
}

/**
 * Several processes may ship the same scan at the same time. Before a run sends any event of an acknowledgement group, it claims the group.
 * Groups that another live run has claimed wait until their fate is in the ledger. When that run is dead, or makes no progress for a minute,
 * its claim is taken over and the group is sent from here; the other run checks its claims before each attempt, and so does not send it.
 * Claimed groups are sent before this run waits for anything, so two runs never wait for each other.
 */
export class Claiming {
  private readonly spoolWriter: SpoolWriter;
  private readonly parts: ClaimingParts;
  private waiting = 0;
  /** What the sink has of groups that this run has claimed, see `SentParts`. */
  private readonly there = new Map<string, ReadonlyMap<string, AckGroupFate>>();

  constructor(spoolWriter: SpoolWriter, parts: ClaimingParts) {
    this.spoolWriter = spoolWriter;
    this.parts = parts;
  }

  /**
   * Claims what it can of a batch, and returns that part to be sent now; the rest waits in the background. Called again before each attempt
   * and before the batch is spooled.
   */
  take(batch: BatchOf<Queued>): BatchOf<Queued> {
    const { ours, theirs } = this.sort(batch.entries, undefined);
    if (theirs.length > 0) void this.waitFor(theirs, batch.partition);
    return ours.length === batch.entries.length ? batch : batchOf(ours, batch.partition);
  }

  /** Whether entries wait for another process. */
  get isWaiting(): boolean {
    return this.waiting > 0;
  }

  /**
   * Resolves when nothing waits for another process: reading on would only pile up more. Claimed groups are sent first, because another
   * process may wait for them while this one waits for it.
   */
  async idle(): Promise<void> {
    await this.parts.flushAll();
    await this.parts.changed.until(() => !this.isWaiting);
  }

  private async waitFor(entries: readonly Queued[], partition: string): Promise<void> {
    const { changed, sendQueue } = this.parts;
    this.waiting++;
    try {
      for (let left = entries; left.length > 0;) left = await this.waitForFates(left, partition);
    } catch (error) {
      sendQueue.mistake ??= error;
    } finally {
      this.waiting--;
      changed.notify();
    }
  }

  /**
   * Waits until the fate of all entries is known, or the claims on them are overdue. Returns the entries that yet another process has claimed
   * by then.
   */
  private async waitForFates(entries: readonly Queued[], partition: string): Promise<readonly Queued[]> {
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

  /**
   * Divides entries by who has claimed their group; counts those whose fate is known. `overdue`: claims without progress since then are taken
   * over (none with {@link NOTHING_YET}); undefined: only what is free is claimed.
   */
  private sort(entries: readonly Queued[], overdue: Moment | undefined): { readonly ours: readonly Queued[]; readonly theirs: readonly Queued[] } {
    const holders = this.holders([...ackGroupsOf(entries)], overdue);
    if (holders.size === 0 && this.there.size === 0) return { ours: entries, theirs: [] };
    const [ours, theirs]: [Queued[], Queued[]] = [[], []];
    for (const entry of entries) {
      const key = entry.ackGroup?.key ?? '';
      const holder = holders.get(key) ?? 'ours';
      const fate = holder === 'ours' ? this.there.get(key)?.get(entry.id) : undefined;
      if (fate !== undefined) this.count(entry, fate, true);
      else if (holder === 'ours') ours.push(entry);
      else if (holder === 'theirs') theirs.push(entry);
      else this.known(entry, holder);
    }
    return { ours, theirs };
  }

  /** Claims free groups, and returns the holder of each of the others. When the state file fails, all count as ours. */
  private holders(groups: readonly AckGroupRef[], overdue: Moment | undefined): ReadonlyMap<string, Holder> {
    const { spoolWriter } = this;
    const { claims } = spoolWriter.tables;
    try {
      claims.forgetLost(groups.map(({ key }) => key));
      const unclaimed = groups.filter(({ key }) => !claims.isOurs(key));
      return unclaimed.length === 0 ? NO_HOLDERS : this.parts.store.database.quickly(() => this.claim(unclaimed, overdue));
    } catch (error) {
      spoolWriter.noteFailure(error);
      return NO_HOLDERS;
    }
  }

  /** Called within a transaction. */
  private claim(groups: readonly AckGroupRef[], overdue: Moment | undefined): ReadonlyMap<string, Holder> {
    const { store, after } = this.parts;
    const { claims, ledger } = this.spoolWriter.tables;
    if (overdue !== undefined) {
      store.releaseClaimsOfTheDead();
      claims.takeOver(overdue);
    }
    const ofOthers = claims.ofOthers();
    const fates = ledger.fatesOf(keysOf(groups), after);
    const holders = new Map<string, Holder>(groups.map(({ key }) => [key, fates.get(key) ?? (ofOthers.has(key) ? 'theirs' : 'ours')]));
    const ours = groups.filter(({ key }) => holders.get(key) === 'ours');
    claims.take(ours.map(({ key }) => key));
    this.findParts(ours);
    return holders;
  }

  /** Looks up what the sink has of these groups. A group of which a part waits is opened, so that from now on a loss of that part is recorded. */
  private findParts(groups: readonly AckGroupRef[]): void {
    const { ledger, sentParts } = this.spoolWriter.tables;
    for (const { key } of groups) this.there.delete(key);
    if (this.parts.again === true) return;
    const found = sentParts.of(groups.map(({ key }) => key));
    for (const group of groups) {
      const events = found.get(group.key);
      if (events === undefined) continue;
      this.there.set(group.key, events);
      if ([...events.values()].includes('spooled')) openGroup(ledger, group);
    }
  }

  /** Counts an entry that another process has dealt with, according to the ledger. */
  private known(entry: Queued, fate: AckGroupFate): void {
    if (entry.ackGroup instanceof AckGroup) entry.ackGroup.abandoned = true;
    this.count(entry, fate, false);
  }

  /** Counts an entry whose fate is known: it is not sent. `isPart`: of its group, other entries may be sent. */
  private count(entry: Queued, fate: AckGroupFate, isPart: boolean): void {
    const { groups, account } = this.parts;
    const tally = account.of(entry.dataset);
    account.known(tally, fate);
    if (fate === 'spooled') this.spoolWriter.fates.noteWaiting(entry.ackGroup?.key ?? '', tally, isPart);
    groups.record([entry], 'done');
  }
}

/** The time to wait for other processes, which is cut short when this process is interrupted. */
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

  /** Waits for one poll; false when the time is over. */
  async waits(): Promise<boolean> {
    const { clock, signal } = this;
    await clock.sleep(POLL_MS, this.isInterrupted ? NEVER : signal);
    if (signal.aborted && !this.isInterrupted) this.until = Math.min(this.until, clock.elapsed() + LAST_PATIENCE_MS);
    this.isInterrupted = signal.aborted;
    return clock.elapsed() < this.until;
  }
}

const NEVER = new AbortController().signal;
const NO_HOLDERS: ReadonlyMap<string, Holder> = new Map();
const NOTHING_YET: Moment = new Map();
