import type { Dataset } from '../event/event.ts';
import type { Database } from './database.ts';
import type { Queued } from './queued.ts';

/** An event that its sink rejected for good, with the server's reason. */
export interface DeadLetter {
  readonly entry: Queued;
  readonly reason: string;
  readonly status?: number | undefined;
}

/** Number of dead letters with the same reason. */
export interface DeadLetterCount {
  readonly reason: string;
  readonly status: number | undefined;
  readonly events: number;
}

/** Limit per sink. */
const MAX_LETTERS = 20_000;
/** Limit of their size: 64 MiB. The newest one is always kept. */
const MAX_BYTES = 64 << 20;

/** Of two records with the same id, the one with the later revision stays. */
const ADD = `INSERT INTO dead (sink, id, revision, ack_group, dataset, partition, time, queued, died, status, reason, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (sink, id) DO UPDATE SET revision = excluded.revision, ack_group = excluded.ack_group, dataset = excluded.dataset, partition = excluded.partition,
    time = excluded.time, queued = excluded.queued, died = excluded.died, status = excluded.status, reason = excluded.reason, body = excluded.body
  WHERE excluded.revision >= revision`;

/** The dead letters of one sink: each event once, however often it was rejected; of an inventory record, the latest revision. */
export class DeadLetters {
  private readonly database: Database;
  private readonly sink: number;

  constructor(database: Database, sink: number) {
    this.database = database;
    this.sink = sink;
  }

  /** Returns how many of the oldest letters were deleted to make room. */
  add(letters: readonly DeadLetter[], now: number): number {
    return this.database.transaction(() => {
      for (const { entry, reason, status } of letters)
        this.database.run(
          ADD,
          this.sink,
          entry.id,
          entry.revision ?? 0,
          entry.ackGroup === undefined ? null : Buffer.from(entry.ackGroup.key, 'hex'),
          entry.dataset,
          entry.partition,
          entry.time,
          entry.queued,
          now,
          status ?? null,
          reason,
          entry.parts.join(''),
        );
      return this.makeRoom();
    });
  }

  private makeRoom(): number {
    const row = this.database.get('SELECT count(*) AS letters, coalesce(sum(octet_length(body)), 0) AS bytes FROM dead WHERE sink = ?', this.sink);
    if (Number(row?.['letters']) <= MAX_LETTERS && Number(row?.['bytes']) <= MAX_BYTES) return 0;
    const newest = `SELECT rowid, row_number() OVER newest AS place, sum(octet_length(body)) OVER newest AS bytes
      FROM dead WHERE sink = ? WINDOW newest AS (ORDER BY died DESC, rowid DESC)`;
    const sql = `DELETE FROM dead WHERE rowid IN (SELECT rowid FROM (${newest}) WHERE place > 1 AND (place > ? OR bytes > ?))`;
    return this.database.run(sql, this.sink, MAX_LETTERS, MAX_BYTES);
  }

  count(): number {
    return Number(this.database.get('SELECT count(*) AS events FROM dead WHERE sink = ?', this.sink)?.['events']);
  }

  /** Numbers of dead letters by reason, most frequent first. */
  countsByReason(): readonly DeadLetterCount[] {
    const sql = 'SELECT reason, status, count(*) AS events FROM dead WHERE sink = ? GROUP BY reason, status ORDER BY events DESC LIMIT 20';
    return this.database
      .all(sql, this.sink)
      .map((row) => ({ ...(row as unknown as DeadLetterCount), status: (row['status'] as number | null) ?? undefined }));
  }

  /** Bodies of some letters with the same reason, as they would be sent. */
  bodiesOf({ reason, status }: Omit<DeadLetterCount, 'events'>, limit: number): readonly string[] {
    const sql = 'SELECT body FROM dead WHERE sink = ? AND reason = ? AND status IS ? ORDER BY died, rowid LIMIT ?';
    return this.database.all(sql, this.sink, reason, status ?? null, limit).map(({ body }) => String(body));
  }

  /** Some letters of one partition that can be retried, oldest first; events that could not be encoded are left. */
  some(limit: number): readonly Queued[] {
    const rows = this.database.all(
      `SELECT id, nullif(revision, 0) AS revision, lower(hex(ack_group)) AS ack_group, dataset, partition, time, queued, body FROM dead WHERE sink = ? AND body <> ''
       AND partition = (SELECT partition FROM dead WHERE sink = ? AND body <> '' ORDER BY died LIMIT 1) ORDER BY died, rowid LIMIT ?`,
      this.sink,
      this.sink,
      limit,
    ) as unknown as readonly {
      id: string;
      revision: number | null;
      ack_group: string;
      dataset: Dataset;
      partition: string;
      time: number;
      queued: number;
      body: string;
    }[];
    return rows.map(({ body, ack_group: key, revision, ...entry }) => ({
      ...entry,
      revision: revision ?? undefined,
      ackGroup: key === '' ? undefined : { key },
      parts: [body],
      bytes: Buffer.byteLength(body),
    }));
  }

  /** Deletes letters that were delivered after all, or are spooled again; not a later record with the same id. */
  remove(entries: readonly Queued[]): void {
    for (const { id, revision = 0 } of entries) {
      this.database.run('UPDATE dead SET ack_group = NULL WHERE sink = ? AND id = ? AND revision <= ?', this.sink, id, revision);
      this.database.run('DELETE FROM dead WHERE sink = ? AND id = ? AND revision <= ?', this.sink, id, revision);
    }
  }

  /** Deletes letters that this sink will never get: their groups count as lost. */
  lose(entries: readonly Queued[]): void {
    for (const { id } of entries) this.database.run('DELETE FROM dead WHERE sink = ? AND id = ?', this.sink, id);
  }

  /** Deletes all, and returns their number. */
  purge(): number {
    return this.database.run('DELETE FROM dead WHERE sink = ?', this.sink);
  }
}
