import type { Dataset } from '../event/event.ts';
import type { Database } from './database.ts';
import type { Ledger } from './ledger.ts';
import { sinkKey } from './seen-files.ts';

/** A sink, by type, target and scope, with its ledger. */
interface Party {
  readonly identity: { readonly type: string; readonly target: string; readonly scope: string };
  readonly ledger: Ledger;
}

/**
 * When events that waited for one sink move to another one of the same kind: what the ledger of the new sink may say about them. Only groups
 * that were moved as a whole count, and only if both sinks want the same events of a scan. Calls are part of the surrounding transaction.
 */
export class Handover {
  private readonly database: Database;
  private readonly from: Party;
  private readonly to: Party;
  private readonly isAlike: boolean;
  /** For groups that are not complete yet: number of their events, and which of them were moved. */
  private readonly parts = new Map<string, { readonly size: number; readonly ids: Set<string> }>();

  constructor(database: Database, from: Party, to: Party) {
    this.database = database;
    this.from = from;
    this.to = to;
    this.isAlike = from.identity.type === to.identity.type && boundsOf(from.identity.scope) === boundsOf(to.identity.scope);
  }

  /** Whether the new sink has the whole group, or it already waits there. */
  isKnown(dataset: Dataset, key: string): boolean {
    if (dataset === 'nmap.inventory') return false;
    if (dataset === 'nmap.change') return this.changesOf(key) > 0 && this.wasAnnounced(key, this.to);
    return this.to.ledger.fateOf(key) !== undefined;
  }

  /** Whether this event of a group was moved before. */
  wasMoved(key: string, id: string): boolean {
    return this.parts.get(key)?.ids.has(id) === true;
  }

  /** Notes that these events of a group are moved. Called before they are deleted at the old sink. */
  add(dataset: Dataset, key: string, ids: readonly string[]): void {
    if (dataset === 'nmap.inventory') return;
    // The size is looked up before the first part is deleted, because a group that has lost a part no longer counts as sent. Parts from elsewhere do
    // not count, because they may be the same events.
    const part = this.parts.get(key) ?? { size: this.isAlike ? this.sizeOf(dataset, key) : 0, ids: new Set() };
    for (const id of ids) part.ids.add(id);
    const isWhole = part.size > 0 && part.ids.size === part.size;
    this.to.ledger.takeOver(key, isWhole ? part.size : undefined);
    if (isWhole) this.parts.delete(key);
    else if (part.size > 0) this.parts.set(key, part);
    if (isWhole && dataset === 'nmap.change')
      this.database.run(
        'INSERT OR REPLACE INTO change_offset (scan, sink, nr) SELECT scan, ?, max(nr) FROM announced_change WHERE scan = ? GROUP BY scan',
        sinkKey(this.to.identity),
        key,
      );
  }

  private sizeOf(dataset: Dataset, key: string): number {
    if (dataset !== 'nmap.change') return this.from.ledger.sizeOf(key);
    return this.wasAnnounced(key, this.from) ? this.changesOf(key) : 0;
  }

  /** The changes of a scan, whose id is their group. */
  private changesOf(scan: string): number {
    return Number(this.database.get('SELECT count(*) AS events FROM announced_change WHERE scan = ?', scan)?.['events']);
  }

  private wasAnnounced(scan: string, { identity }: Party): boolean {
    const sql =
      'SELECT nr = (SELECT max(nr) FROM announced_change WHERE scan = change_offset.scan) AS yes FROM change_offset WHERE scan = ? AND sink = ?';
    return this.database.get(sql, scan, sinkKey(identity))?.['yes'] === 1;
  }
}

/** The part of a scope that decides which events a sink gets: everything except its name. */
function boundsOf(scope: string): string {
  return scope
    .split(' ')
    .filter((pair) => !pair.startsWith('name='))
    .join(' ');
}
