import type { Database } from './database.ts';
import { forgetOffsets } from './forget-offsets.ts';

/** Fate of an acknowledgement group: all of it was acknowledged, or the rest waits in the spool. */
export type AckGroupFate = 'delivered' | 'spooled';

/** A group with the number of its events; `dead`: one of them is a dead letter. */
interface EnteredGroup {
  readonly key: string;
  readonly events: number;
  readonly dead: boolean;
}

interface FateRow {
  readonly key: string;
  readonly waits: number;
}

const WAITS = 'EXISTS (SELECT 1 FROM waiting_group WHERE sink = ledger.sink AND ack_group = ledger.ack_group)';
/* One statement for the groups of a batch, because each statement costs more than a row. */
const FATES = `SELECT asked.value AS key, ${WAITS} AS waits FROM json_each(?) AS asked CROSS JOIN ledger
  ON sink = ? AND ack_group = unhex(asked.value) AND fate = 'whole' AND nr > ?`;
const ENTER = `INSERT OR REPLACE INTO ledger (sink, ack_group, fate, events)
  SELECT ?, unhex(value ->> 0), value ->> 1, value ->> 2 FROM json_each(?)`;
const NOTE_SPOOLED = 'INSERT OR IGNORE INTO waiting_group (sink, seq, ack_group) SELECT ?, ?, unhex(value) FROM json_each(?)';
const REMOVE_ALL_DEAD = `UPDATE ledger SET fate = 'whole'
  WHERE sink = ? AND ack_group IN (SELECT ack_group FROM waiting_group WHERE sink = ? AND seq = ?) AND fate = 'died'
    AND NOT EXISTS (SELECT 1 FROM dead WHERE dead.sink = ledger.sink AND dead.ack_group = ledger.ack_group)`;

/**
 * The fates of acknowledgement groups at one sink, so that shipping a scan again adds nothing, even after a rollover, when Elasticsearch no
 * longer knows the ids. A group counts as delivered only when each of its events was acknowledged. When waiting events end in any other way
 * (purged, dropped, expired, damaged, dead), the fate becomes unknown again; triggers of the state file do that. The oldest entries are
 * deleted first.
 */
export class Ledger {
  private readonly database: Database;
  private readonly sink: number;

  constructor(database: Database, sink: number) {
    this.database = database;
    this.sink = sink;
  }

  /** The number of the latest entry, of any sink. */
  last(): number {
    return Number(this.database.get('SELECT max(nr) AS nr FROM ledger')?.['nr'] ?? 0);
  }

  /**
   * The fate of a group (by key, see `LogEvent.ackGroup`) whose entry has a number above `after`; undefined when it is unknown, or some of
   * it was lost.
   */
  fateOf(key: string, after = 0): AckGroupFate | undefined {
    const group = bytesOf(key);
    const row = this.database.get(
      `SELECT EXISTS (SELECT 1 FROM waiting_group WHERE sink = ? AND ack_group = ?) AS waits FROM ledger WHERE sink = ? AND ack_group = ? AND fate = 'whole' AND nr > ?`,
      this.sink,
      group,
      this.sink,
      group,
      after,
    );
    if (row === undefined) return undefined;
    return row['waits'] === 1 ? 'spooled' : 'delivered';
  }

  /** {@link fateOf} of many groups, of those where it is known. */
  fatesOf(keys: readonly string[], after = 0): ReadonlyMap<string, AckGroupFate> {
    const rows = this.database.all(FATES, JSON.stringify(keys), this.sink, after) as readonly unknown[] as readonly FateRow[];
    return new Map(rows.map(({ key, waits }) => [key, waits === 1 ? 'spooled' : 'delivered']));
  }

  /** Enters a group before it was read to its end, so that losses are recorded from now on. */
  open(key: string): void {
    this.put(key, 'open', 0);
  }

  /** Enters groups that were never opened: all of their events are acknowledged, waiting or dead. */
  enter(groups: readonly EnteredGroup[]): void {
    if (groups.length === 0) return;
    const rows = groups.map(({ key, events, dead }) => [key, dead ? 'died' : 'whole', events]);
    this.database.run(ENTER, this.sink, JSON.stringify(rows));
  }

  /** The same for an opened group, unless some of it was lost meanwhile. */
  close(key: string, events: number, hasDied: boolean): void {
    const sql = `UPDATE ledger SET fate = ?, events = ? WHERE sink = ? AND ack_group = ? AND fate = 'open'`;
    this.database.run(sql, hasDied ? 'died' : 'whole', events, this.sink, bytesOf(key));
  }

  /** Notes that parts of these groups are in a batch of the spool. */
  noteSpooled(keys: readonly string[], seq: number): void {
    this.database.run(NOTE_SPOOLED, this.sink, seq, JSON.stringify(keys));
  }

  /** Notes that no part of the group is left in that batch: its events are acknowledged, or dead (see `noteDead`). */
  acknowledge(key: string, seq: number): void {
    this.database.run('DELETE FROM waiting_group WHERE sink = ? AND ack_group = ? AND seq = ?', this.sink, bytesOf(key), seq);
    this.removeDead(key);
  }

  /** The same for all groups with a part in that batch. */
  acknowledgeAll(seq: number): void {
    this.database.run(REMOVE_ALL_DEAD, this.sink, this.sink, seq);
    this.database.run('DELETE FROM waiting_group WHERE sink = ? AND seq = ?', this.sink, seq);
  }

  /** The groups with a part in that batch whose other parts the sink does not have, or may lose. */
  unsettledIn(seq: number): Set<string> {
    const sql = `SELECT lower(hex(waits.ack_group)) AS ack_group FROM waiting_group waits
      LEFT JOIN ledger ON ledger.sink = waits.sink AND ledger.ack_group = waits.ack_group
      WHERE waits.sink = ? AND waits.seq = ? AND (fate IS NOT 'whole' OR EXISTS
        (SELECT 1 FROM waiting_group other WHERE other.sink = waits.sink AND other.ack_group = waits.ack_group AND other.seq <> waits.seq))`;
    return new Set(this.database.all(sql, this.sink, seq).map(({ ack_group: group }) => String(group)));
  }

  /** Notes that an event of the group became a dead letter. A group that was not read to its end stays incomplete. */
  noteDead(key: string): void {
    const sql = `UPDATE ledger SET fate = CASE fate WHEN 'whole' THEN 'died' WHEN 'open' THEN 'lost' ELSE fate END,
      events = iif(fate = 'open', 0, events) WHERE sink = ? AND ack_group = ?`;
    this.database.run(sql, this.sink, bytesOf(key));
  }

  /** Notes that events of a group that waited for another sink wait for this one now. `size`: number of events of the group, if these are all. */
  takeOver(key: string, size: number | undefined): void {
    this.put(key, size === undefined ? 'open' : 'whole', size ?? 0);
  }

  /** Number of events in a group; 0 when unknown. */
  sizeOf(key: string): number {
    const sql = `SELECT events FROM ledger WHERE sink = ? AND ack_group = ? AND fate <> 'open'`;
    return Number(this.database.get(sql, this.sink, bytesOf(key))?.['events'] ?? 0);
  }

  /** Notes that a batch of the spool cannot be read: its groups may be shipped again. */
  lose(seq: number): void {
    const groups = 'SELECT ack_group FROM waiting_group WHERE sink = ? AND seq = ?';
    for (const sql of forgetOffsets(this.sink, groups)) this.database.run(sql, this.sink, seq);
    const sql = `UPDATE ledger SET fate = 'lost', events = iif(fate = 'open', 0, events) WHERE sink = ? AND ack_group IN (${groups})`;
    this.database.run(sql, this.sink, this.sink, seq);
    this.database.run('DELETE FROM waiting_group WHERE sink = ? AND seq = ?', this.sink, seq);
  }

  private put(key: string, fate: 'open' | 'whole', events: number): void {
    this.database.run('INSERT OR REPLACE INTO ledger (sink, ack_group, fate, events) VALUES (?, ?, ?, ?)', this.sink, bytesOf(key), fate, events);
  }

  /** Notes that its dead letters were acknowledged after all, or wait again. */
  private removeDead(key: string): void {
    const sql = `UPDATE ledger SET fate = 'whole' WHERE sink = ? AND ack_group = ? AND fate = 'died'
      AND NOT EXISTS (SELECT 1 FROM dead WHERE dead.sink = ledger.sink AND dead.ack_group = ledger.ack_group)`;
    this.database.run(sql, this.sink, bytesOf(key));
  }
}

/** Keeps the newest entries and those of waiting groups; returns how many were deleted. */
export function pruneLedger(database: Database, keep: number): number {
  const sql = `DELETE FROM ledger WHERE nr <= (SELECT max(nr) FROM ledger) - ?
    AND NOT EXISTS (SELECT 1 FROM waiting_group WHERE waiting_group.sink = ledger.sink AND waiting_group.ack_group = ledger.ack_group)`;
  return database.run(sql, keep);
}

function bytesOf(key: string): Buffer {
  return Buffer.from(key, 'hex');
}
