import type { Database } from './database.ts';

/** What is known of an acknowledgement group (a `unit` in the state file): the sink has acknowledged all of it, or the rest of it waits in the spool. */
export type AckGroupFate = 'delivered' | 'spooled';

/**
 * What became of acknowledgement groups, for one sink, so that shipping the same scan again costs little, and adds nothing even past a
 * rollover, where Elasticsearch no longer knows the id. A group counts as delivered only when each of its events was
 * acknowledged: whatever else ends its waiting in the spool (purged, dropped, expired, damaged, dead) makes it unknown
 * again; see the triggers of the state file. Bounded: the oldest go first.
 */
export class Ledger {
  private readonly database: Database;
  private readonly sink: number;

  constructor(database: Database, sink: number) {
    this.database = database;
    this.sink = sink;
  }

  /** What became of a group (its key, see `LogEvent.ackGroup`); undefined when that is not known, or not good. */
  fateOf(key: string): AckGroupFate | undefined {
    const unit = bytesOf(key);
    const row = this.database.get(
      `SELECT EXISTS (SELECT 1 FROM waiting_unit WHERE sink = ? AND unit = ?) AS waits FROM ledger WHERE sink = ? AND unit = ? AND fate = 'whole'`,
      this.sink,
      unit,
      this.sink,
      unit,
    );
    if (row === undefined) return undefined;
    return row['waits'] === 1 ? 'spooled' : 'delivered';
  }

  /** Not all of it has been read, but it is known of: from now on what is lost of it is noted. */
  open(key: string): void {
    this.put(key, 'open');
  }

  /** All of a group that was never opened is acknowledged or waits, but for what has died. */
  enter(key: string, hasDied: boolean): void {
    this.put(key, hasDied ? 'died' : 'whole');
  }

  /** The same for one that was opened: unless some of it was lost meanwhile. */
  close(key: string, hasDied: boolean): void {
    const sql = `UPDATE ledger SET fate = ? WHERE sink = ? AND unit = ? AND fate = 'open'`;
    this.database.run(sql, hasDied ? 'died' : 'whole', this.sink, bytesOf(key));
  }

  /** A part of it lies in a batch of the spool. */
  wait(key: string, seq: number): void {
    this.database.run('INSERT OR IGNORE INTO waiting_unit (sink, unit, seq) VALUES (?, ?, ?)', this.sink, bytesOf(key), seq);
  }

  /** Nothing of it is left in that batch: it was acknowledged, or has died, which `died` tells. */
  acknowledge(key: string, seq: number): void {
    this.database.run('DELETE FROM waiting_unit WHERE sink = ? AND unit = ? AND seq = ?', this.sink, bytesOf(key), seq);
    this.makeWhole(key);
  }

  /** The same for all that has a part in that batch. */
  acknowledgeAll(seq: number): void {
    const units = this.database.all('SELECT unit FROM waiting_unit WHERE sink = ? AND seq = ?', this.sink, seq);
    this.database.run('DELETE FROM waiting_unit WHERE sink = ? AND seq = ?', this.sink, seq);
    for (const { unit } of units) this.makeWhole(Buffer.from(unit as Uint8Array).toString('hex'));
  }

  /** An event of it is among the dead letters now. One that was not read to its end will not be whole any more. */
  died(key: string): void {
    const sql = `UPDATE ledger SET fate = CASE fate WHEN 'whole' THEN 'died' WHEN 'open' THEN 'lost' ELSE fate END WHERE sink = ? AND unit = ?`;
    this.database.run(sql, this.sink, bytesOf(key));
  }

  /** A batch of the spool cannot be read: its groups may be shipped again. */
  lose(seq: number): void {
    const sql = `UPDATE ledger SET fate = 'lost' WHERE sink = ? AND unit IN (SELECT unit FROM waiting_unit WHERE sink = ? AND seq = ?)`;
    this.database.run(sql, this.sink, this.sink, seq);
    this.database.run('DELETE FROM waiting_unit WHERE sink = ? AND seq = ?', this.sink, seq);
  }

  private put(key: string, fate: 'open' | 'whole' | 'died'): void {
    this.database.run('INSERT OR REPLACE INTO ledger (sink, unit, fate) VALUES (?, ?, ?)', this.sink, bytesOf(key), fate);
  }

  /** What had died of it has been acknowledged after all, or waits. */
  private makeWhole(key: string): void {
    const sql = `UPDATE ledger SET fate = 'whole' WHERE sink = ? AND unit = ? AND fate = 'died'
      AND NOT EXISTS (SELECT 1 FROM dead WHERE dead.sink = ledger.sink AND dead.unit = ledger.unit)`;
    this.database.run(sql, this.sink, bytesOf(key));
  }
}

/** Keeps at most so many entries of all sinks, the newest, and those of what waits; returns how many went. */
export function pruneLedger(database: Database, keep: number): number {
  const sql = `DELETE FROM ledger WHERE nr <= (SELECT max(nr) FROM ledger) - ?
    AND NOT EXISTS (SELECT 1 FROM waiting_unit WHERE waiting_unit.sink = ledger.sink AND waiting_unit.unit = ledger.unit)`;
  return database.run(sql, keep);
}

function bytesOf(key: string): Buffer {
  return Buffer.from(key, 'hex');
}
