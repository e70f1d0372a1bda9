import type { Database } from '../state/database.ts';
import { sinkKey } from '../state/seen-files.ts';
import type { Destination } from './announced.ts';

/** Hosts that a sink catches up with per transaction. */
const AT_ONCE = 50;

/**
 * Hosts of a site whose inventory records changed, numbered in the order of the changes, and the last number that each sink got. A sink that
 * missed some gets the records after its number. Calls are part of the surrounding transaction.
 */
export class InventoryOffsets {
  private readonly database: Database;
  private readonly site: string;

  constructor(database: Database, site: string) {
    this.database = database;
    this.site = site;
  }

  /** Records that the records of these hosts (by key) changed, and are sent to these sinks now. */
  add(hosts: Iterable<string>, sinks: readonly Destination[]): void {
    const keys = [...hosts];
    if (keys.length === 0) return;
    const before = sinks.length === 0 ? 0 : this.last();
    // A sink that missed earlier changes gets those first: see `missed`.
    const complete = sinks.filter((sink) => this.lastOf(sink) >= before);
    for (const key of keys) this.database.run('INSERT OR REPLACE INTO moved_host (site, key) VALUES (?, ?)', this.site, key);
    for (const sink of complete) this.mark(sink, this.last());
  }

  hasMissed(sink: Destination): boolean {
    return this.last() > this.lastOf(sink);
  }

  /** Keys of some hosts whose changes the sink has missed, oldest change first. From now on they count as sent. */
  missed(sink: Destination): readonly string[] {
    const sql = 'SELECT nr, key FROM moved_host WHERE site = ? AND nr > ? ORDER BY nr LIMIT ?';
    const rows = this.database.all(sql, this.site, this.lastOf(sink), AT_ONCE);
    this.mark(sink, Number(rows.at(-1)?.['nr'] ?? this.last()));
    return rows.map(({ key }) => key as string);
  }

  /** From now on, the sink counts as having missed everything. */
  forget(sink: Destination): void {
    this.database.run('DELETE FROM inventory_offset WHERE site = ? AND sink = ?', this.site, sinkKey(sink));
  }

  private mark(sink: Destination, nr: number): void {
    this.database.run('INSERT OR REPLACE INTO inventory_offset (site, sink, nr) VALUES (?, ?, ?)', this.site, sinkKey(sink), nr);
  }

  private last(): number {
    return Number(this.database.get('SELECT coalesce(max(nr), 0) AS nr FROM moved_host WHERE site = ?', this.site)?.['nr']);
  }

  private lastOf(sink: Destination): number {
    return Number(this.database.get('SELECT nr FROM inventory_offset WHERE site = ? AND sink = ?', this.site, sinkKey(sink))?.['nr'] ?? 0);
  }
}
