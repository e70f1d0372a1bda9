import type { Database } from '../state/database.ts';
import type { Spool } from './spool.ts';

/** A host of a scan, or the end of one, with all its events for one sink. */
export interface LedgerUnit {
  /** 32 hexadecimal digits, see `LogEvent.unit`. */
  readonly key: string;
  /** The batches in the spool that hold a part of it; 0 when none does. */
  readonly first: number;
  readonly last: number;
}

export interface UnitFate {
  /** What became of all its events, but for those that died. */
  readonly fate: 'delivered' | 'spooled';
  /** The last batch in the spool that held a part of it. */
  readonly last: number;
}

/**
 * What one sink has acknowledged, so that shipping the same scan again costs little, and adds nothing
 * even past a rollover, where Elasticsearch no longer knows the id. Bounded: the oldest go first.
 */
export class Ledger {
  private readonly database: Database;
  private readonly sink: number;
  private readonly spool: Spool;

  constructor(database: Database, sink: number, spool: Spool) {
    this.database = database;
    this.sink = sink;
    this.spool = spool;
  }

  /** What became of a unit; undefined when it is not known. */
  fateOf(key: string): UnitFate | undefined {
    const row = this.database.get('SELECT last FROM ledger WHERE sink = ? AND unit = ?', this.sink, Buffer.from(key, 'hex'));
    if (row === undefined) return undefined;
    const last = row['last'] as number;
    return { fate: this.isWaiting(last) ? 'spooled' : 'delivered', last };
  }

  /** Batches leave the spool in order, so a unit waits as long as anything does that is not behind it. */
  isWaiting(last: number): boolean {
    return last > 0 && (this.spool.oldest() ?? Number.POSITIVE_INFINITY) <= last;
  }

  add(units: readonly LedgerUnit[]): void {
    for (const { key, first, last } of units)
      this.database.run(
        'INSERT OR REPLACE INTO ledger (sink, unit, first, last) VALUES (?, ?, ?, ?)',
        this.sink,
        Buffer.from(key, 'hex'),
        first,
        last,
      );
  }

  /** A batch of the spool was not delivered after all: its units may be shipped again. */
  forget(seq: number): void {
    this.database.run('DELETE FROM ledger WHERE sink = ? AND last >= ? AND first <= ?', this.sink, seq, seq);
  }

  /** Whatever still waits in the spool was given up. */
  forgetSpooled(): void {
    this.database.run('DELETE FROM ledger WHERE sink = ? AND last >= ?', this.sink, this.spool.oldest() ?? Number.MAX_SAFE_INTEGER);
  }
}

/** Keeps at most so many entries of all sinks, the newest; returns how many went. */
export function pruneLedger(database: Database, keep: number): number {
  return database.run('DELETE FROM ledger WHERE nr <= (SELECT max(nr) FROM ledger) - ?', keep);
}
