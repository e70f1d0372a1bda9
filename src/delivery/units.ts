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
  /** Those whose end is open. */
  private readonly open = new Set<Unit>();
  private complete: Unit[] = [];

  /** Events of a unit come one behind the other; another key ends the one before. */
  begin(key: string): void {
    this.seal();
    this.current = new Unit(key);
    this.open.add(this.current);
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

  /** The current one will never be whole. */
  abandon(): void {
    if (this.current !== undefined) this.current.dead = true;
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

  /** A part of batch `seq` of the spool died, or the batch was given up. */
  forget(seq: number): void {
    for (const unit of this.open) if (isIn(unit, seq)) unit.dead = true;
    this.complete = this.complete.filter((unit) => !isIn(unit, seq));
  }

  /** What may be entered into the ledger now. */
  takeComplete(): readonly LedgerUnit[] {
    return this.complete.splice(0);
  }

  private conclude(unit: Unit): void {
    if (!unit.sealed || unit.pending > 0) return;
    this.open.delete(unit);
    if (!unit.dead) this.complete.push(unit);
  }
}

function isIn({ first, last }: Unit, seq: number): boolean {
  return first <= seq && seq <= last;
}
