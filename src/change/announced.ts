import { type Dataset, type Fields, type LogEvent, Shared } from '../event/event.ts';
import type { Database } from '../state/database.ts';
import { anything, number, parsedAs, record, tableOf, text } from '../core/shape.ts';

/** Announced changes that are kept, for all scans together; about 2 KB each. A sink that is added later does not get older ones. */
const KEPT_EVENTS = 10_000;
/** Old changes are deleted once per this many new ones. */
const PRUNE_EVERY = 256;

const OFFSET = 'SELECT nr FROM change_offset WHERE scan = ? AND sink = ?';

/** A sink by type, target and scope. */
export interface Destination {
  readonly type: string;
  readonly target: string;
  readonly scope: string;
}

/**
 * The announced changes of each scan, and the sinks that got them. Detection yields a change only once, so a sink that is
 * added later gets it from here when the scan is shipped to it. Calls are part of the surrounding transaction.
 */
export class AnnouncedChanges {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /** Records events of a scan that are announced to these sinks now. */
  add(scan: string, events: readonly LogEvent[], sinks: readonly Destination[]): void {
    const changes = events.filter(({ dataset }) => dataset === ('nmap.change' satisfies Dataset));
    if (changes.length === 0) return;
    const before = this.last(scan);
    // A sink that missed earlier changes gets those first: see `missed`.
    const complete = sinks.filter((sink) => before === this.lastOf(scan, sink));
    for (const event of changes) this.database.run('INSERT INTO announced_change (scan, event) VALUES (?, ?)', scan, written(event));
    const last = this.last(scan);
    for (const sink of complete) this.mark(scan, sink, last);
    if (Math.floor(last / PRUNE_EVERY) > Math.floor((last - changes.length) / PRUNE_EVERY)) this.prune();
  }

  /** Deletes the oldest changes, without reading what is kept of other scans. */
  private prune(): void {
    const gone = this.database.all('DELETE FROM announced_change WHERE nr <= (SELECT max(nr) FROM announced_change) - ? RETURNING scan', KEPT_EVENTS);
    const sql = 'DELETE FROM change_offset WHERE scan = ? AND NOT EXISTS (SELECT 1 FROM announced_change WHERE scan = ?)';
    for (const scan of new Set(gone.map((row) => row['scan'] as string))) this.database.run(sql, scan, scan);
  }

  /** Changes of a scan that this sink did not get; they count as announced from now on. */
  missed(scan: string, sink: Destination): readonly LogEvent[] {
    const sql = `SELECT event FROM announced_change WHERE scan = ? AND nr > coalesce((${OFFSET}), 0) ORDER BY nr`;
    const rows = this.database.all(sql, scan, scan, keyOf(sink));
    if (rows.length > 0) this.mark(scan, sink, this.last(scan));
    return rows.flatMap(({ event }) => read(event) ?? []);
  }

  /** All stored changes in the order of announcement. */
  all(): readonly LogEvent[] {
    return this.database.all('SELECT event FROM announced_change ORDER BY nr').flatMap(({ event }) => read(event) ?? []);
  }

  private mark(scan: string, sink: Destination, nr: number): void {
    this.database.run('INSERT OR REPLACE INTO change_offset (scan, sink, nr) VALUES (?, ?, ?)', scan, keyOf(sink), nr);
  }

  private last(scan: string): number {
    return Number(this.database.get('SELECT coalesce(max(nr), 0) AS nr FROM announced_change WHERE scan = ?', scan)?.['nr']);
  }

  private lastOf(scan: string, sink: Destination): number {
    return Number(this.database.get(OFFSET, scan, keyOf(sink))?.['nr'] ?? 0);
  }
}

function keyOf({ type, target, scope }: Destination): string {
  return `${type} ${target} ${scope}`;
}

function written({ shared, ...event }: LogEvent): string {
  return JSON.stringify({ ...event, shared: shared.fields });
}

const WRITTEN = record({
  id: text,
  ackGroup: text,
  dataset: text,
  action: text,
  time: number,
  created: number,
  severity: number,
  message: text,
  shared: tableOf(anything),
  own: tableOf(anything),
});

/** An event from its stored JSON; undefined when that is damaged, so that the others can still be used. */
function read(json: unknown): LogEvent | undefined {
  const written = parsedAs(json, WRITTEN) as (Omit<LogEvent, 'shared'> & { readonly shared: Fields }) | undefined;
  return written && { ...written, shared: new Shared(written.shared) };
}
