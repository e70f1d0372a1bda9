import type { OverdueScan } from '../event/health.ts';
import type { Database } from '../state/database.ts';
import { KnownScans } from './scans.ts';

/**
 * Sites of which no finished scan has come for too long, each once until one comes: `markReported` marks them.
 * A site without any scan is watched from the first time that anybody asks.
 */
export class SiteWatch {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  overdue(maxAges: ReadonlyMap<string, number>, now: number): readonly OverdueScan[] {
    return [...maxAges].flatMap(([site, maxAgeMs]) => {
      const { since, isReported } = this.row(site, now);
      const last = new KnownScans(this.database, site).lastEnd(now);
      const due = (last ?? since) + maxAgeMs;
      if (now <= due) {
        if (isReported) this.database.run('UPDATE site SET overdue = NULL WHERE site = ?', site);
        return [];
      }
      return isReported ? [] : [{ site, due, last, maxAgeMs }];
    });
  }

  markReported({ site, due }: OverdueScan): void {
    this.database.run('UPDATE site SET overdue = ? WHERE site = ?', due, site);
  }

  private row(site: string, now: number): { readonly since: number; readonly isReported: boolean } {
    // A clock that was ahead once must not put the first look off.
    this.database.run('INSERT INTO site (site, since) VALUES (?, ?) ON CONFLICT (site) DO UPDATE SET since = min(since, excluded.since)', site, now);
    const row = this.database.get('SELECT since, overdue FROM site WHERE site = ?', site);
    return { since: row?.['since'] as number, isReported: row?.['overdue'] !== null };
  }
}
