import type { Ledger, AckGroupFate } from '../state/ledger.ts';
import type { AckGroups } from './ack-group.ts';

/** Which unit the events that come are a part of, and what the ledger says of it; where there is a ledger, else nobody asks. */
export class AckGroupCursor {
  private readonly units: AckGroups;
  private readonly ledger: Ledger;
  private readonly again: boolean;
  private key = '';
  private fate: AckGroupFate | undefined;

  /** `again`: send what the ledger knows, too. */
  constructor(units: AckGroups, ledger: Ledger, again: boolean) {
    this.units = units;
    this.ledger = ledger;
    this.again = again;
  }

  /** What became of the unit of the next event; undefined when it is to be sent. */
  moveTo(key: string): AckGroupFate | undefined {
    if (key !== this.key) this.begin(key);
    return this.fate;
  }

  /** No more events of the current unit will come. */
  end(): void {
    this.units.seal();
    this.key = '';
    this.fate = undefined;
  }

  /** The rest of it will not come, so it must never count as delivered. */
  abandon(): void {
    this.units.abandon();
    this.end();
  }

  /** One whose fate is known is not opened: nothing of it is sent, and its end would say nothing. */
  private begin(key: string): void {
    this.end();
    if (key === '') return;
    this.key = key;
    this.fate = this.again ? undefined : this.ledger.fateOf(key);
    if (this.fate === undefined) this.units.begin(key);
  }
}
