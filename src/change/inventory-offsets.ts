import type { Database } from '../state/database.ts';
import { sinkKey } from '../state/seen-files.ts';
import type { Destination } from './announced.ts';

/** Hosts that a sink catches up with in one transaction. */
const AT_ONCE = 50;

/**
 * Of which hosts of a site the inventory has something new to say, in the order in which it came up, and the number of the last one
 * that each sink was sent: one that was not there gets those behind. Calls are part of the transaction around them.
 */
export class InventoryOffsets {
  private readonly database: Database;
  private readonly site: string;

  constructor(database: Database, site: string) {
    this.database = database;
    this.site = site;
  }

  /** Something new is known of these hosts (their keys), and is sent to those sinks now. */
  add(hosts: Iterable<string>, sinks: readonly Destination[]): void {
    const keys = [...hosts];
    if (keys.length === 0) return;
    const before = sinks.length === 0 ? 0 : this.last();
    // Who missed something before gets it first: see `missed`.
    const complete = sinks.filter((sink) => this.lastOf(sink) >= before);
    for (const key of keys) this.database.run('INSERT OR REPLACE INTO moved_host (site, key) VALUES (?, ?)', this.site, key);
    for (const sink of complete) this.mark(sink, this.last());
  }

  hasMissed(sink: Destination): boolean {
    return this.last() > this.lastOf(sink);
  }

  /** Some hosts of which that sink has missed something, the longest known first; from now on they count as sent. */
  missed(sink: Destination): readonly string[] {
    const sql = 'SELECT nr, key FROM moved_host WHERE site = ? AND nr > ? ORDER BY nr LIMIT ?';
    const rows = this.database.all(sql, this.site, this.lastOf(sink), AT_ONCE);
    this.mark(sink, Number(rows.at(-1)?.['nr'] ?? this.last()));
    return rows.map(({ key }) => key as string);
  }

  /** That sink has missed all of it. */
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
