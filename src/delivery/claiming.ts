import type { Clock } from '../core/clock.ts';
import { type BatchOf, batchOf } from '../sink/batch.ts';
import type { AckGroupFate } from '../state/ledger.ts';
import type { Queued } from '../state/queued.ts';
import type { Store } from '../state/store.ts';
import type { Account } from './account.ts';
import { AckGroup, type AckGroups, ackGroupsOf } from './ack-group.ts';
import type { Condition } from './condition.ts';
import type { QueuedBatch } from './queued-batch.ts';
import type { SpoolWriter } from './spool-writer.ts';

/** How often it is looked what another process has done, and how long that may take with nothing done. */
const POLL_MS = 100;
const PATIENCE_MS = 60_000;

/** Who has an acknowledgement group in hand; or what became of it. */
type Holder = 'ours' | 'theirs' | AckGroupFate;

export interface ClaimingParts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly store: Store;
  readonly groups: AckGroups;
  readonly changed: Condition;
  /** Learns of a mistake in what is done in the background. */
  readonly sendQueue: { mistake: unknown };
  /** Sends what turned out to be ours after all. */
  readonly pipeline: { readonly account: Account; forward(batch: QueuedBatch): Promise<void> | undefined };
}

/**
 * Several processes may ship the same scan at the same time. Before anything of an acknowledgement group is sent, the run claims it;
 * what another live run has in hand waits until its fate is in the ledger. When that run is dead, or does nothing with it for a minute, it is
 * sent from here. What is claimed is sent at once, before anything is waited for, so two never wait for each other.
 */
export class Claiming {
  private readonly spoolWriter: SpoolWriter;
  private readonly parts: ClaimingParts;
  private waiting = 0;

  constructor(spoolWriter: SpoolWriter, parts: ClaimingParts) {
    this.spoolWriter = spoolWriter;
    this.parts = parts;
  }

  /** What of a batch is to be sent now; the rest is dealt with in the background. */
  take(batch: BatchOf<Queued>): BatchOf<Queued> {
    const { ours, theirs } = this.sort(batch.entries, false);
    if (theirs.length > 0) void this.waitFor(theirs, batch.partition);
    return ours.length === batch.entries.length ? batch : batchOf(ours, batch.partition);
  }

  /** Something waits for another process. */
  get isWaiting(): boolean {
    return this.waiting > 0;
  }

  /** Behind `wait`, when nothing waits: reading on meanwhile would only pile up more. */
  async done(wait: Promise<void> | undefined): Promise<void> {
    await wait;
    await this.parts.changed.until(() => !this.isWaiting);
  }

  private async waitFor(entries: readonly Queued[], partition: string): Promise<void> {
    const { clock, signal, changed, pipeline, sendQueue } = this.parts;
    const until = clock.elapsed() + PATIENCE_MS;
    this.waiting++;
    try {
      for (let left = entries; left.length > 0;) {
        await clock.sleep(POLL_MS, signal);
        const isOver = signal.aborted || clock.elapsed() >= until;
        const { ours, theirs } = isOver ? { ours: left, theirs: [] } : this.sort(left, true);
        left = theirs;
        if (ours.length > 0) await pipeline.forward({ seq: this.spoolWriter.nextSeq(), batch: batchOf(ours, partition), stored: false });
      }
    } catch (error) {
      sendQueue.mistake ??= error;
    } finally {
      this.waiting--;
      changed.notify();
    }
  }

  private sort(entries: readonly Queued[], isWaiting: boolean): { readonly ours: readonly Queued[]; readonly theirs: readonly Queued[] } {
    const keys = [...ackGroupsOf(entries)].map(({ key }) => key);
    const holders = keys.length === 0 ? NOBODY : this.claim(keys, isWaiting);
    const [ours, theirs]: [Queued[], Queued[]] = [[], []];
    for (const entry of entries) {
      const holder = holders.get(entry.ackGroup?.key ?? '') ?? 'ours';
      if (holder === 'ours') ours.push(entry);
      else if (holder === 'theirs') theirs.push(entry);
      else this.known(entry, holder);
    }
    return { ours, theirs };
  }

  /** Claims what nobody has. When the state fails, all are ours. `isWaiting`: whoever has them may be dead meanwhile. */
  private claim(keys: readonly string[], isWaiting: boolean): ReadonlyMap<string, Holder> {
    const { store } = this.parts;
    const { spoolWriter } = this;
    const { claims, ledger } = spoolWriter.tables;
    const holderOf = (key: string): Holder => (claims.isOurs(key) ? 'ours' : (ledger.fateOf(key) ?? (claims.take(key) ? 'ours' : 'theirs')));
    try {
      return store.database.quickly(() => {
        if (isWaiting) store.releaseClaimsOfTheDead();
        return new Map(keys.map((key) => [key, holderOf(key)]));
      });
    } catch (error) {
      spoolWriter.noteFailure(error);
      return NOBODY;
    }
  }

  /** Another process has dealt with it meanwhile, and entered it in the ledger. */
  private known(entry: Queued, fate: AckGroupFate): void {
    const {
      groups,
      pipeline: { account },
    } = this.parts;
    const tally = account.of(entry.dataset);
    account.known(tally, fate);
    if (fate === 'spooled') this.spoolWriter.awaitFateOf(entry.ackGroup?.key ?? '', tally);
    if (entry.ackGroup instanceof AckGroup) entry.ackGroup.abandoned = true;
    groups.settle([entry], 'done');
  }
}

const NOBODY: ReadonlyMap<string, Holder> = new Map();
