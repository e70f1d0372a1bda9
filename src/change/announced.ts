import { type Dataset, type Fields, type LogEvent, Shared } from '../event/event.ts';
import { withCommas } from '../event/text.ts';
import type { Database } from '../state/database.ts';
import { sinkKey } from '../state/seen-files.ts';
import { anything, number, parsedAs, record, tableOf, text } from '../core/shape.ts';

/** Announced changes that are kept, for all scans together; about 2 KB each. A sink that is added later does not get older ones. */
const KEPT_EVENTS = 10_000;
/** Of which scans some are gone is known for so many changes more. */
const KNOWN_EVENTS = 1_000_000;
/** Said of a scan, some of whose changes a sink did not get and never will. */
export const CHANGES_GONE = `did not get all changes of this scan, and those that are missing are no longer kept (only the newest ${withCommas(KEPT_EVENTS)} are)`;
/** Old changes are deleted once per this many new ones. */
const PRUNE_EVERY = 256;

/** The last change of a scan, the last one that was deleted, and the last one that a sink got. */
const OFFSETS = `SELECT coalesce((SELECT max(nr) FROM announced_change WHERE scan = ?), 0) AS last,
  coalesce((SELECT last FROM pruned_change WHERE scan = ?), 0) AS gone,
  coalesce((SELECT nr FROM change_offset WHERE scan = ? AND sink = ?), 0) AS nr`;

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
    if (Math.floor(last / PRUNE_EVERY) > Math.floor((last - changes.length) / PRUNE_EVERY)) this.prune(last);
  }

  /** Deletes the oldest changes, without reading what is kept of other scans, and notes of which scans some are gone. */
  private prune(last: number): void {
    const gone = this.database.all('DELETE FROM announced_change WHERE nr <= ? RETURNING scan, nr', last - KEPT_EVENTS);
    const lastGone = new Map<string, number>();
    for (const { scan, nr } of gone) lastGone.set(scan as string, Math.max(Number(nr), lastGone.get(scan as string) ?? 0));
    for (const [scan, nr] of lastGone) this.database.run('INSERT OR REPLACE INTO pruned_change (scan, last) VALUES (?, ?)', scan, nr);
    const forgotten = this.database.all('DELETE FROM pruned_change WHERE last <= ? RETURNING scan', last - KNOWN_EVENTS);
    const sql = 'DELETE FROM change_offset WHERE scan = ? AND NOT EXISTS (SELECT 1 FROM announced_change WHERE scan = ?)';
    for (const { scan } of forgotten) this.database.run(sql, scan as string, scan as string);
  }

  /**
   * Changes of a scan that this sink did not get; they count as announced from now on. `areSomeDeleted`: it did not get older ones either, and they
   * are no longer kept; said once.
   */
  missed(scan: string, sink: Destination): { readonly events: readonly LogEvent[]; readonly areSomeDeleted: boolean } {
    const found = this.database.get(OFFSETS, scan, scan, scan, sinkKey(sink));
    const [last, lastGone, offset] = [Number(found?.['last']), Number(found?.['gone']), Number(found?.['nr'])];
    // Nearly always: every scan is asked twice.
    if (last <= offset && lastGone <= offset) return { events: [], areSomeDeleted: false };
    const rows = this.database.all('SELECT event FROM announced_change WHERE scan = ? AND nr > ? ORDER BY nr', scan, offset);
    this.mark(scan, sink, Math.max(last, lastGone));
    return { events: rows.flatMap(({ event }) => read(event) ?? []), areSomeDeleted: lastGone > offset };
  }

  /** All stored changes in the order of announcement. */
  all(): readonly LogEvent[] {
    return this.database.all('SELECT event FROM announced_change ORDER BY nr').flatMap(({ event }) => read(event) ?? []);
  }

  private mark(scan: string, sink: Destination, nr: number): void {
    this.database.run('INSERT OR REPLACE INTO change_offset (scan, sink, nr) VALUES (?, ?, ?)', scan, sinkKey(sink), nr);
  }

  /** The number of the latest change of a scan, whether it is still kept or not. */
  private last(scan: string): number {
    const kept = this.database.get('SELECT coalesce(max(nr), 0) AS nr FROM announced_change WHERE scan = ?', scan)?.['nr'];
    return Math.max(Number(kept), this.lastDeleted(scan));
  }

  /** The number of the latest change of a scan that is no longer kept; 0 when all are. */
  private lastDeleted(scan: string): number {
    return Number(this.database.get('SELECT last FROM pruned_change WHERE scan = ?', scan)?.['last'] ?? 0);
  }

  private lastOf(scan: string, sink: Destination): number {
    const sql = 'SELECT nr FROM change_offset WHERE scan = ? AND sink = ?';
    return Number(this.database.get(sql, scan, sinkKey(sink))?.['nr'] ?? 0);
  }
}

/** The shared fields are rendered for the sinks anyway. */
function written({ shared, ...event }: LogEvent): string {
  return `{"shared":${shared.json.slice(0, -1)}},${JSON.stringify(event).slice(1)}`;
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
