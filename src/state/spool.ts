import type { Database } from './database.ts';
import { type BatchOf, batchOf } from '../sink/batch.ts';
import { packFrame, unpackFrame } from './frame.ts';
import type { SpoolLimits } from './spool-limits.ts';
import type { Queued } from './queued.ts';

/** A batch that waits in the spool. */
export interface SpooledBatch {
  readonly seq: number;
  readonly run: number;
  /** Attempts since the sink accepted other batches but not this one. */
  readonly tries: number;
  readonly batch: BatchOf<Queued>;
}

/** A batch that was deleted, or is damaged on disk. */
export interface LostBatch {
  readonly seq: number;
  readonly run: number;
  readonly events: number;
}

export interface SpoolUsage {
  readonly batches: number;
  readonly events: number;
  readonly bytes: number;
  /** Epoch milliseconds. */
  readonly oldest: number | undefined;
  readonly newest: number | undefined;
  /** Events in damaged batches. */
  readonly damaged: number;
}

export interface SpoolContext {
  readonly run: number;
  readonly limits: SpoolLimits;
  readonly passed: number;
  /** Killed runs that were not concluded yet. */
  readonly gone?: readonly number[];
}

/**
 * The batches of one sink on disk, in order. Each call is durable when it returns, or part of the surrounding transaction.
 * Several processes may use one spool: see `Lease`.
 */
export class Spool {
  private readonly database: Database;
  private readonly sink: number;
  private readonly run: number;
  private readonly passed: number;
  private readonly gone: string;
  readonly limits: SpoolLimits;

  /** `passed`: the elapsed time as seen by portlog, see {@link timePassed}. */
  constructor(database: Database, sink: number, { run, limits, passed, gone = [] }: SpoolContext) {
    this.database = database;
    this.sink = sink;
    this.run = run;
    this.limits = limits;
    this.passed = passed;
    this.gone = JSON.stringify(gone);
  }

  /** Adds a batch. `outbox`: it is committed before it is sent; `run`: the run in whose account it counts. */
  append(
    seq: number,
    { entries, partition }: BatchOf<Queued>,
    { now, outbox = false, run = this.run, tries = 0 }: { now: number; outbox?: boolean; run?: number; tries?: number },
  ): void {
    const { frame, checksum } = packFrame(entries, partition);
    this.database.run(
      'INSERT INTO spool (sink, seq, run, outbox, partition, events, created, since, tries, stored, checksum, frame) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      this.sink,
      seq,
      run,
      outbox ? 1 : 0,
      partition,
      entries.length,
      now,
      this.passed,
      tries,
      frame.length,
      checksum,
      frame,
    );
  }

  /** Replaces a batch by the part that was not delivered. */
  replace(seq: number, { entries, partition }: BatchOf<Queued>): void {
    const { frame, checksum } = packFrame(entries, partition);
    this.database.run(
      'UPDATE spool SET events = ?, stored = ?, checksum = ?, frame = ? WHERE sink = ? AND seq = ?',
      entries.length,
      frame.length,
      checksum,
      frame,
      this.sink,
      seq,
    );
  }

  /** Deletes a batch; its groups count as lost unless they were acknowledged before. */
  remove(seq: number): void {
    this.database.run('DELETE FROM spool WHERE sink = ? AND seq = ?', this.sink, seq);
  }

  /** The oldest batch after `after`; a damaged one is set aside and returned as lost. */
  next(after = 0): SpooledBatch | LostBatch | undefined {
    return this.read(this.database.get(`${BATCH} AND seq > ? AND tries = 0 ORDER BY seq LIMIT 1`, this.sink, this.run, after));
  }

  /** Whether a batch still waits. */
  has(seq: number): boolean {
    return this.database.get('SELECT 1 FROM spool WHERE sink = ? AND seq = ?', this.sink, seq) !== undefined;
  }

  /** The entries of a batch that waits; none when it is damaged. */
  entriesOf(seq: number): readonly Queued[] {
    const row = this.database.get('SELECT partition, checksum, frame FROM spool WHERE sink = ? AND seq = ?', this.sink, seq);
    if (row === undefined) return [];
    const { partition, checksum, frame } = row as unknown as { partition: string; checksum: number; frame: Uint8Array };
    return unpackFrame(frame, checksum, partition) ?? [];
  }

  /** As {@link next}, for batches that were moved behind the others. */
  nextBehind(after: number): SpooledBatch | LostBatch | undefined {
    return this.read(this.database.get(`${BATCH} AND seq > ? AND tries > 0 ORDER BY seq LIMIT 1`, this.sink, this.run, after));
  }

  /** Moves a batch behind the others, because the sink accepts those but not this one. */
  putBehind(seq: number, tries: number): void {
    this.database.run('UPDATE spool SET tries = ? WHERE sink = ? AND seq = ?', tries, this.sink, seq);
  }

  private read(row: ReturnType<Database['get']>): SpooledBatch | LostBatch | undefined {
    if (row === undefined) return undefined;
    const { seq, run, tries, partition, events, checksum, frame } = row as unknown as {
      seq: number;
      tries: number;
      run: number;
      partition: string;
      events: number;
      checksum: number;
      frame: Uint8Array;
    };
    const entries = unpackFrame(frame, checksum, partition);
    if (entries !== undefined) return { seq, run, tries, batch: batchOf(entries, partition) };
    this.database.run('UPDATE spool SET damaged = 1 WHERE sink = ? AND seq = ?', this.sink, seq);
    return { seq, run, events };
  }

  hasWork(): boolean {
    const sql = `SELECT 1 FROM spool WHERE sink = ? AND damaged = 0 AND tries = 0 AND ${NOT_SENT_BY_OTHERS} LIMIT 1`;
    return this.database.get(sql, this.sink, this.run) !== undefined;
  }

  usage(): SpoolUsage {
    const row = this.database.get(
      `SELECT count(*) AS batches, coalesce(sum(events), 0) AS events, coalesce(sum(stored), 0) AS bytes,
       min(created) AS oldest, max(created) AS newest, coalesce(sum(events * damaged), 0) AS damaged
       FROM spool WHERE sink = ? AND (${NOT_SENT_BY_OTHERS} OR run IN (SELECT value FROM json_each(?)))`,
      this.sink,
      this.run,
      this.gone,
    ) as unknown as { batches: number; events: number; bytes: number; oldest: number | null; newest: number | null; damaged: number };
    return { ...row, oldest: row.oldest ?? undefined, newest: row.newest ?? undefined };
  }

  /** Whether this sink's share is full, and `reserve` bytes more. */
  isFull(reserve = 0): boolean {
    return Number(this.database.get('SELECT bytes FROM spool_bytes WHERE sink = ?', this.sink)?.['bytes'] ?? 0) >= this.limits.maxBytes + reserve;
  }

  /** Drops the oldest batches until there is room; none with `block`, and none of `uncounted`, which are about to be sent and counted. */
  makeRoom(uncounted: ReadonlySet<number>): readonly LostBatch[] {
    const lost: LostBatch[] = [];
    const spared = JSON.stringify([...uncounted]);
    while (this.limits.whenFull === 'drop-oldest' && this.isFull()) {
      const [oldest] = this.database.all(
        `SELECT seq, run, events FROM spool WHERE sink = ? AND ${NOT_SENT_BY_OTHERS} AND seq NOT IN (SELECT value FROM json_each(?)) ORDER BY seq LIMIT 1`,
        this.sink,
        this.run,
        spared,
      );
      if (oldest === undefined) break;
      lost.push(oldest as unknown as LostBatch);
      this.remove((oldest as unknown as LostBatch).seq);
    }
    return lost;
  }

  /** Deletes what is too old, by the elapsed time that portlog has seen, because the clock may jump. */
  expire(): readonly LostBatch[] {
    const before = this.passed - this.limits.maxAgeMs;
    const lost = this.database.all('SELECT seq, run, events FROM spool WHERE sink = ? AND since < ? ORDER BY seq', this.sink, before);
    if (lost.length > 0) this.database.run('DELETE FROM spool WHERE sink = ? AND since < ?', this.sink, before);
    return lost as unknown as readonly LostBatch[];
  }

  /** Deletes all, and returns the number of events. */
  purge(): number {
    return this.database.run('DELETE FROM spool WHERE sink = ?', this.sink);
  }
}

/** Excludes the outbox of other live processes, which send it themselves. */
const NOT_SENT_BY_OTHERS = 'NOT (outbox = 1 AND run <> ? AND run IN (SELECT id FROM run))';
const BATCH = `SELECT seq, run, tries, partition, events, checksum, frame FROM spool WHERE sink = ? AND damaged = 0 AND ${NOT_SENT_BY_OTHERS}`;

/** When the newest batch was made that waits for any sink, in epoch milliseconds; 0 when none waits. */
export function newestWaiting(database: Database): number {
  return Number(database.get('SELECT coalesce(max(created), 0) AS newest FROM spool')?.['newest']);
}
