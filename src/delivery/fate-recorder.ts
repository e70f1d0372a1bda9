import type { Clock } from '../core/clock.ts';
import type { Rejection } from '../sink/sink.ts';
import type { Queued } from '../state/queued.ts';
import type { SinkTables } from '../state/store.ts';
import type { Tally } from '../state/tally.ts';
import type { Account } from './account.ts';
import { AckGroup, type AckGroups, ackGroupsOf } from './ack-group.ts';

export type Rejected = Rejection & { readonly entry: Queued };

/**
 * The fate of the events of one sink, as stored in the state file: a group is in the ledger when the fate of all of its events is known;
 * rejected events are dead letters. Calls are part of the surrounding transaction.
 */
export class FateRecorder {
  private readonly tables: SinkTables;
  private readonly clock: Clock;
  private readonly groups: AckGroups;
  private readonly account: Account;
  /** Whether there are dead letters, which may contain an event that is delivered now. */
  private hasDead: boolean;

  constructor(tables: SinkTables, clock: Clock, groups: AckGroups, account: Account) {
    this.tables = tables;
    this.clock = clock;
    this.groups = groups;
    this.account = account;
    this.hasDead = tables.deadLetters.count() > 0;
  }

  /** Whether groups are complete that are not in the ledger yet. */
  get hasUnrecorded(): boolean {
    return this.groups.hasComplete;
  }

  /** Enters complete groups in the ledger; other processes may wait for them. */
  enterComplete(): void {
    const { claims, ledger } = this.tables;
    const complete = this.groups.takeComplete();
    ledger.enter(complete.filter(({ abandoned, opened }) => !abandoned && !opened));
    for (const group of complete) {
      const { key, events, opened, dead, abandoned } = group;
      if (!abandoned && opened) ledger.close(key, events, dead);
      if (!abandoned && !dead) this.settleParts(group);
      claims.release(key);
    }
  }

  /** Notes which events the sink has acknowledged of groups that it may never have as a whole. */
  noteParts(done: readonly Queued[]): void {
    this.tables.sentParts.add(done.filter(({ ackGroup }) => ackGroup instanceof AckGroup && ackGroup.mayBeCut));
  }

  /** The same for a batch of the spool, which is still there; the sink has not acknowledged the `others` of it. */
  notePartsOfSpooled(seq: number, done: readonly Queued[], others: readonly Queued[]): void {
    const { ledger, sentParts } = this.tables;
    const unsettled = ledger.unsettledIn(seq);
    for (const { key } of ackGroupsOf(others)) unsettled.add(key);
    if (unsettled.size > 0) sentParts.add(done.filter(({ ackGroup }) => ackGroup !== undefined && unsettled.has(ackGroup.key)));
  }

  /** Forgets parts of groups that the sink has as a whole. */
  pruneParts(): void {
    const { ledger, sentParts } = this.tables;
    sentParts.prune((key) => ledger.fateOf(key) === 'delivered');
  }

  private settleParts({ key, opened }: AckGroup): void {
    const { ledger, sentParts } = this.tables;
    if (sentParts.has(key) && (!opened || ledger.fateOf(key) === 'delivered')) sentParts.settle(key);
  }

  /** Stores rejected events as dead letters. */
  storeDeadLetters(rejected: readonly Rejected[]): void {
    if (rejected.length === 0) return;
    this.hasDead = true;
    this.account.deadLettersDeleted(this.tables.deadLetters.add(rejected, this.clock.now()));
    // Groups that are not in the ledger yet record their dead letters when they are entered.
    for (const group of ackGroupsOf(rejected.map(({ entry }) => entry)))
      if (!(group instanceof AckGroup) || (group.opened && group.sealed)) this.tables.ledger.noteDead(group.key);
  }

  /** Deletes dead letters whose events were delivered now, or wait. */
  forgetDead(done: readonly Queued[]): void {
    if (this.hasDead) this.tables.deadLetters.remove(done);
  }

  /** Notes an event whose group, or a part of it, waits since an earlier run; {@link countEarlier} asks at the end whether it still does. */
  noteWaiting(group: string, tally: Tally, isPart = false): void {
    this.tables.earlierEvents.add(group, this.account.numberOf(tally), isPart);
  }

  countEarlier(): void {
    for (const fates of this.tables.earlierEvents.take()) this.account.earlier(fates);
  }
}
