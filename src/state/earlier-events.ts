import type { Database } from './database.ts';

/** The fates of events that were read in this run and were waiting since an earlier one. */
export interface EarlierFates {
  /** In which account they were read, see `add`. */
  readonly account: number;
  readonly already: number;
  readonly dead: number;
  readonly discarded: number;
}

/**
 * Events read in this run that an earlier run left in the spool, by acknowledgement group. At the end of the run it can say
 * what became of them, whichever process sent them. In a temporary table, because there can be millions.
 */
export class EarlierEvents {
  private readonly database: Database;
  private readonly sink: number;
  private isEmpty = true;

  constructor(database: Database, sink: number) {
    this.database = database;
    this.sink = sink;
  }

  /** `account`: the number of the account in which the caller counts the event; `isPart`: it waits, but some of its group may have been neither sent nor kept. */
  add(key: string, account: number, isPart: boolean): void {
    if (this.isEmpty)
      this.database.run(
        `CREATE TEMP TABLE IF NOT EXISTS awaited
         (sink INTEGER, ack_group BLOB, account INTEGER, part INTEGER, events INTEGER, PRIMARY KEY (sink, ack_group, account, part)) WITHOUT ROWID`,
      );
    this.isEmpty = false;
    const sql = 'INSERT INTO awaited (sink, ack_group, account, part, events) VALUES (?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET events = events + 1';
    this.database.run(sql, this.sink, Buffer.from(key, 'hex'), account, isPart ? 1 : 0);
  }

  /** The fates of events that no longer wait, each once. */
  take(): readonly EarlierFates[] {
    if (this.isEmpty) return [];
    const rows = this.database.all(FATES, this.sink) as unknown as readonly EarlierFates[];
    this.database.run(`DELETE FROM awaited WHERE sink = ? AND NOT ${WAITS}`, this.sink);
    return rows;
  }
}

const WAITS = 'EXISTS (SELECT 1 FROM waiting_group w WHERE w.sink = awaited.sink AND w.ack_group = awaited.ack_group)';
/** Of a group that is still incomplete, the part that waited was acknowledged; a loss would be recorded. */
const FATES = `
  SELECT account,
    sum(CASE fate WHEN 'whole' THEN events WHEN 'died' THEN events - died ELSE 0 END) AS already,
    sum(CASE fate WHEN 'died' THEN died ELSE 0 END) AS dead,
    sum(CASE WHEN fate IN ('whole', 'died') THEN 0 ELSE events END) AS discarded
  FROM (
    SELECT account, awaited.events, iif(part = 1 AND fate = 'open', 'whole', fate) AS fate,
      min(awaited.events, (SELECT count(*) FROM dead WHERE dead.sink = awaited.sink AND dead.ack_group = awaited.ack_group)) AS died
    FROM awaited LEFT JOIN ledger ON ledger.sink = awaited.sink AND ledger.ack_group = awaited.ack_group
    WHERE awaited.sink = ? AND NOT ${WAITS}
  ) GROUP BY account`;
