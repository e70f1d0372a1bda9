import type { Entry } from '../sink/sink.ts';
import type { LedgerUnit } from './ledger.ts';

/** A host of a scan, or the end of one, while its events find their fate. */
class Unit implements LedgerUnit {
  readonly key: string;
  /** Events whose fate is open. */
  pending = 0;
  /** No more events will come. */
  sealed = false;
  /** An event of it died, so it must be shipped again when somebody asks. */
  dead = false;
  first = 0;
  last = 0;

  constructor(key: string) {
    this.key = key;
  }
}

/** An entry on its way, and what it is a part of. */
export interface Queued extends Entry {
  /** Undefined for what has no place in the ledger: what comes from the spool was entered when it went there. */
  readonly unit?: Unit | undefined;
}

/** Watches which units are complete: only those may be entered into the ledger. */
export class Units {
  private current: Unit | undefined;
  private readonly complete: Unit[] = [];

  /** Events of a unit come one behind the other; another key ends the one before. */
  begin(key: string): void {
    this.seal();
    this.current = new Unit(key);
  }

  /** The unit of the next entry. */
  enter(): Unit | undefined {
    if (this.current !== undefined) this.current.pending++;
    return this.current;
  }

  seal(): void {
    const unit = this.current;
    this.current = undefined;
    if (unit === undefined) return;
    unit.sealed = true;
    this.conclude(unit);
  }

  settle(entries: readonly Queued[], fate: 'done' | 'dead'): void {
    for (const { unit } of entries) {
      if (unit === undefined) continue;
      unit.dead ||= fate === 'dead';
      unit.pending--;
      this.conclude(unit);
    }
  }

  /** The entries lie in the spool now, in batch `seq`. */
  spooled(entries: readonly Queued[], seq: number): void {
    for (const { unit } of entries) {
      if (unit === undefined) continue;
      unit.first = unit.first === 0 ? seq : Math.min(unit.first, seq);
      unit.last = Math.max(unit.last, seq);
      unit.pending--;
      this.conclude(unit);
    }
  }

  /** What may be entered into the ledger now. */
  takeComplete(): readonly LedgerUnit[] {
    return this.complete.splice(0);
  }

  private conclude(unit: Unit): void {
    if (unit.sealed && unit.pending === 0 && !unit.dead) this.complete.push(unit);
  }
}
