import type { Ledger, AckGroupFate } from '../state/ledger.ts';
import type { AckGroups } from './ack-group.ts';

/** The acknowledgement group of the current events, and its state in the ledger. */
export class AckGroupCursor {
  private readonly groups: AckGroups;
  private readonly ledger: Ledger;
  /** Ledger entries up to this number are ignored. */
  private readonly after: number;
  private key = '';
  private fate: AckGroupFate | undefined;

  constructor(groups: AckGroups, ledger: Ledger, after: number) {
    this.groups = groups;
    this.ledger = ledger;
    this.after = after;
  }

  /** The fate of the next event's group, whose events are then not sent; undefined when they are to be sent, as always for `FROM_STATE` datasets. */
  moveTo(key: string, isFromState: boolean): AckGroupFate | undefined {
    if (key !== this.key) this.begin(key, isFromState);
    return this.fate;
  }

  isAt(key: string): boolean {
    return key === this.key;
  }

  /** No more events of the current group will come. */
  end(): void {
    this.groups.seal();
    this.key = '';
    this.fate = undefined;
  }

  /** No more events are taken, beginning with one of this group: if that is the current one, it is incomplete. */
  cutAt(key: string): void {
    if (this.isAt(key)) this.abandon();
    else this.end();
  }

  /** The group is incomplete, so it must never count as delivered. */
  abandon(): void {
    this.groups.abandon();
    this.end();
  }

  /** A group with a known fate is not opened: none of its events are sent. */
  private begin(key: string, isFromState: boolean): void {
    this.end();
    if (key === '') return;
    this.key = key;
    this.fate = isFromState ? undefined : this.fateOf(key);
    if (this.fate === undefined) this.groups.begin(key);
  }

  /** A group that this run has read before, in a copy of the file, counts as waiting; its fate is looked up at the end. */
  private fateOf(key: string): AckGroupFate | undefined {
    return this.groups.isUnsettled(key) ? 'spooled' : this.ledger.fateOf(key, this.after);
  }
}
