import type { Queued, AckGroupRef } from '../state/queued.ts';

/** A group (usually a host of a scan) whose events are being delivered. */
export class AckGroup implements AckGroupRef {
  readonly key: string;
  /** Number of its events so far. */
  events = 0;
  /** Number of its events without a result yet. */
  pending = 0;
  /** No more events will come. */
  sealed = false;
  /** One of its events is a dead letter: when the scan is shipped again, all of the group is sent again. */
  dead = false;
  /** It was not read to its end, and is never entered in the ledger. */
  abandoned = false;
  /** The ledger has it as waiting, because some of its events are in the spool. */
  opened = false;

  constructor(key: string) {
    this.key = key;
  }

  /** Every event has a result, and no more will come. */
  get isComplete(): boolean {
    return this.sealed && this.pending <= 0;
  }

  /** Whether the sink may have a part of it only, now or later. A group of one event has no parts. */
  get mayBeCut(): boolean {
    if (this.abandoned || !this.isComplete) return true;
    return this.events > 1 && (this.dead || this.opened);
  }
}

/** Tracks which groups of this run are complete: only those are entered in the ledger. */
export class AckGroups {
  private current: AckGroup | undefined;
  private complete: AckGroup[] = [];
  /** Groups that were read to their end and are not in the ledger yet. */
  private readonly unsettled = new Map<string, AckGroup>();

  /** Events of a group are consecutive; another key ends the previous group. */
  begin(key: string): void {
    this.seal();
    this.current = new AckGroup(key);
  }

  /** The group of the next entry. */
  enter(): AckGroup | undefined {
    if (this.current === undefined) return undefined;
    this.current.events++;
    this.current.pending++;
    return this.current;
  }

  seal(): void {
    const group = this.current;
    this.current = undefined;
    if (group === undefined) return;
    group.sealed = true;
    if (!group.abandoned) this.unsettled.set(group.key, group);
    this.completeIfDone(group);
  }

  /** Whether a group was read before in this run, and its fate is not known yet. */
  isUnsettled(key: string): boolean {
    return this.unsettled.get(key)?.abandoned === false;
  }

  /** Marks the current group as incomplete. */
  abandon(): void {
    if (this.current !== undefined) this.current.abandoned = true;
  }

  /** These entries could neither be delivered nor kept. */
  lose(entries: readonly Queued[]): void {
    for (const { ackGroup } of entries) if (ackGroup instanceof AckGroup) ackGroup.abandoned = true;
  }

  /** These entries are acknowledged, dead, or in the spool. */
  record(entries: readonly Queued[], fate: 'done' | 'dead' | 'spooled'): void {
    for (const { ackGroup } of entries) {
      if (!(ackGroup instanceof AckGroup)) continue;
      ackGroup.dead ||= fate === 'dead';
      ackGroup.pending--;
      this.completeIfDone(ackGroup);
    }
  }

  get hasComplete(): boolean {
    return this.complete.length > 0;
  }

  /** Groups without open events. Those that were not abandoned may be entered in the ledger. */
  takeComplete(): readonly AckGroup[] {
    const complete = this.complete.splice(0);
    for (const group of complete) if (this.unsettled.get(group.key) === group) this.unsettled.delete(group.key);
    return complete;
  }

  private completeIfDone(group: AckGroup): void {
    if (group.isComplete) this.complete.push(group);
  }
}

/** The groups of entries, each once. */
export function ackGroupsOf(entries: readonly Queued[]): ReadonlySet<AckGroupRef> {
  const groups = new Map<string, AckGroupRef>();
  for (const { ackGroup } of entries) if (ackGroup !== undefined && !groups.has(ackGroup.key)) groups.set(ackGroup.key, ackGroup);
  return new Set(groups.values());
}

export function keysOf(groups: Iterable<AckGroupRef>): readonly string[] {
  return Array.from(groups, ({ key }) => key);
}
