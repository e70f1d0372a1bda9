import type { Queued, AckGroupRef } from '../state/queued.ts';

/** A host of a scan, or the end of one, while its events find their fate. */
export class AckGroup implements AckGroupRef {
  readonly key: string;
  /** Events that it has so far. */
  events = 0;
  /** Of these, those whose fate is open. */
  pending = 0;
  /** No more events will come. */
  sealed = false;
  /** An event of it died, so it must be shipped again when somebody asks. */
  dead = false;
  /** The rest of it was never read: it is never entered. */
  abandoned = false;
  /** The ledger knows of it, because a part of it waits in the spool. */
  opened = false;

  constructor(key: string) {
    this.key = key;
  }
}

/** Watches which groups of this run are complete: only those may be entered into the ledger. */
export class AckGroups {
  private current: AckGroup | undefined;
  private complete: AckGroup[] = [];

  /** Events of a group come one behind the other; another key ends the one before. */
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
    this.conclude(group);
  }

  /** The current one will never be whole. */
  abandon(): void {
    if (this.current !== undefined) this.current.abandoned = true;
  }

  /** These entries are acknowledged, dead, or in the spool. */
  settle(entries: readonly Queued[], fate: 'done' | 'dead' | 'spooled'): void {
    for (const { ackGroup } of entries) {
      if (!(ackGroup instanceof AckGroup)) continue;
      ackGroup.dead ||= fate === 'dead';
      ackGroup.pending--;
      this.conclude(ackGroup);
    }
  }

  /** What may be entered into the ledger now. */
  takeComplete(): readonly AckGroup[] {
    return this.complete.splice(0);
  }

  private conclude(group: AckGroup): void {
    if (group.sealed && group.pending <= 0 && !group.abandoned) this.complete.push(group);
  }
}

/** Each group once, of entries that have one. */
export function ackGroupsOf(entries: readonly Queued[]): ReadonlySet<AckGroupRef> {
  const groups = new Map<string, AckGroupRef>();
  for (const { ackGroup } of entries) if (ackGroup !== undefined && !groups.has(ackGroup.key)) groups.set(ackGroup.key, ackGroup);
  return new Set(groups.values());
}
