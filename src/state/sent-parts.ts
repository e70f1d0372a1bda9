import { listOf, parsedAs, tableOf, text } from '../core/shape.ts';
import { FROM_STATE } from '../event/event.ts';
import type { Database } from './database.ts';
import type { AckGroupFate } from './ledger.ts';
import type { Queued } from './queued.ts';
import type { Spool } from './spool.ts';

/** Rows that are kept for each sink; without one of the older ones, events of its groups may come twice. */
const MAX_ROWS = 500;

/** A row of this run; `open`: number of its groups that are not settled yet. */
interface Row {
  readonly nr: number;
  open: number;
}

/** The acknowledged events of a group, and the rows of this run that say so. */
interface Part {
  readonly ids: readonly string[];
  readonly rows: readonly Row[];
}

/** Events by id, with their fate. */
type KnownEvents = ReadonlyMap<string, AckGroupFate>;

/**
 * The events that a sink has of acknowledgement groups which it does not have as a whole. A run may end between two events of a host: its spool
 * is full, it is interrupted or killed. Or a part of a host that waited is lost. When the scan is shipped again, only the other events are
 * sent. What was acknowledged is in a row for each answer, which is deleted when all of its groups are settled, so there are only a few rows,
 * however much is shipped; what waits is found in the spool.
 */
export class SentParts {
  private readonly database: Database;
  private readonly sink: number;
  private readonly run: number;
  private readonly spool: Spool;
  /** What was acknowledged, by the keys of the groups. */
  private readonly parts = new Map<string, Part>();
  /** The last row of other runs that was read. */
  private last = 0;

  constructor(database: Database, sink: number, run: number, spool: Spool) {
    this.database = database;
    this.sink = sink;
    this.run = run;
    this.spool = spool;
  }

  /** Notes events that the sink has acknowledged. */
  add(entries: readonly Queued[]): void {
    const groups = groupsIn(entries);
    if (groups.size === 0) return;
    const sql = 'INSERT INTO sent_part (sink, run, ids) VALUES (?, ?, ?) RETURNING nr';
    const [inserted] = this.database.all(sql, this.sink, this.run, JSON.stringify(Object.fromEntries(groups)));
    const row: Row = { nr: Number(inserted?.['nr']), open: groups.size };
    const rows = [row];
    for (const [key, ids] of groups) this.learn(key, { ids, rows });
  }

  /** Whether events of the group were noted in this run. */
  has(key: string): boolean {
    return (this.parts.get(key)?.rows.length ?? 0) > 0;
  }

  /** The sink has all of the group, and no part of it can be lost any more. */
  settle(key: string): void {
    const { rows } = this.parts.get(key) ?? NOTHING;
    this.parts.delete(key);
    for (const row of rows) if (--row.open === 0) this.delete(row.nr);
  }

  /** Events of these groups that the sink has acknowledged, or that wait for it. */
  of(keys: readonly string[]): ReadonlyMap<string, KnownEvents> {
    this.readRowsOfOthers();
    const found = new Map<string, Map<string, AckGroupFate>>();
    const note = (key: string, ids: Iterable<string>, fate: AckGroupFate): void => {
      for (const id of ids) found.set(key, (found.get(key) ?? new Map<string, AckGroupFate>()).set(id, fate));
    };
    for (const key of keys) note(key, this.parts.get(key)?.ids ?? [], 'delivered');
    for (const [key, ids] of this.waiting(keys)) note(key, ids, 'spooled');
    return found;
  }

  /** Deletes rows that are no longer needed: the sink has their groups as a whole; `isWhole` says so. */
  prune(isWhole: (key: string) => boolean): void {
    for (const { nr, ids } of this.rowsAfter(0, NO_RUN)) if ([...partsIn(ids).keys()].every(isWhole)) this.delete(nr);
    const newest = 'SELECT nr FROM sent_part WHERE sink = ? ORDER BY nr DESC LIMIT ?';
    this.database.run(`DELETE FROM sent_part WHERE sink = ? AND nr NOT IN (${newest})`, this.sink, this.sink, MAX_ROWS);
  }

  private readRowsOfOthers(): void {
    for (const { nr, ids } of this.rowsAfter(this.last, this.run)) {
      this.last = nr;
      for (const [key, events] of partsIn(ids)) this.learn(key, { ids: events, rows: [] });
    }
  }

  /** The rows of all runs but one. */
  private rowsAfter(nr: number, run: number): readonly { readonly nr: number; readonly ids: string }[] {
    const sql = 'SELECT nr, ids FROM sent_part WHERE sink = ? AND nr > ? AND run <> ? ORDER BY nr';
    return this.database.all(sql, this.sink, nr, run) as unknown as ReturnType<SentParts['rowsAfter']>;
  }

  /** Ids of events of these groups that wait in the spool. */
  private *waiting(keys: readonly string[]): Generator<readonly [key: string, ids: readonly string[]], void, undefined> {
    const wanted = new Set(keys);
    for (const seq of this.batchesWith(keys)) for (const [key, ids] of groupsIn(this.spool.entriesOf(seq))) if (wanted.has(key)) yield [key, ids];
  }

  /** The batches of the spool with a part of one of these groups. */
  private batchesWith(keys: readonly string[]): ReadonlySet<number> {
    const sql = 'SELECT DISTINCT seq FROM json_each(?) AS asked CROSS JOIN waiting_group ON sink = ? AND ack_group = unhex(asked.value)';
    return new Set(this.database.all(sql, JSON.stringify(keys), this.sink).map(({ seq }) => Number(seq)));
  }

  private learn(key: string, part: Part): void {
    const known = this.parts.get(key);
    this.parts.set(key, known === undefined ? part : { ids: [...known.ids, ...part.ids], rows: [...known.rows, ...part.rows] });
  }

  private delete(nr: number): void {
    this.database.run('DELETE FROM sent_part WHERE sink = ? AND nr = ?', this.sink, nr);
  }
}

const NOTHING: Part = { ids: [], rows: [] };
/** No run has this number. */
const NO_RUN = -1;

/** Ids by group. Not of events that follow from the known state: whether these are sent again does not depend on what was sent. */
function groupsIn(entries: readonly Queued[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const { id, dataset, ackGroup } of entries) {
    if (ackGroup === undefined || ackGroup.key === '' || FROM_STATE.has(dataset)) continue;
    const ids = groups.get(ackGroup.key);
    if (ids === undefined) groups.set(ackGroup.key, [id]);
    else ids.push(id);
  }
  return groups;
}

const IDS_BY_GROUP = tableOf(listOf(text));

/** Without a damaged row, events of its groups may come twice. */
function partsIn(ids: string): ReadonlyMap<string, readonly string[]> {
  return new Map(Object.entries(parsedAs(ids, IDS_BY_GROUP) ?? {}));
}
