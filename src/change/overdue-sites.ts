import type { OverdueScan } from '../event/health.ts';
import type { Database } from '../state/database.ts';
import { KnownScans } from './scans.ts';

/** When a finished scan of the site is due at the latest, in epoch milliseconds; without any scan, counted from when portlog first checked. */
export function scanDue(database: Database, site: string, maxAgeMs: number, now: number): number {
  const since = database.get('SELECT since FROM site WHERE site = ?', site)?.['since'] as number | undefined;
  return (new KnownScans(database, site).lastEnd(now) ?? since ?? now) + maxAgeMs;
}

/** Overdue sites, each reported once until a scan comes (`markReported`). A site without any scan is watched from the first check. */
export class SiteWatch {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  overdue(maxAges: ReadonlyMap<string, number>, now: number): readonly OverdueScan[] {
    return [...maxAges].flatMap(([site, maxAgeMs]) => {
      this.watch(site, now);
      const isReported = this.isReported(site);
      const due = scanDue(this.database, site, maxAgeMs, now);
      if (now <= due) {
        if (isReported) this.database.run('UPDATE site SET overdue = NULL WHERE site = ?', site);
        return [];
      }
      return isReported ? [] : [{ site, due, last: new KnownScans(this.database, site).lastEnd(now), maxAgeMs }];
    });
  }

  markReported({ site, due }: OverdueScan): void {
    this.database.run('UPDATE site SET overdue = ? WHERE site = ?', due, site);
  }

  private watch(site: string, now: number): void {
    // The minimum, in case our clock was ahead at the first check.
    this.database.run('INSERT INTO site (site, since) VALUES (?, ?) ON CONFLICT (site) DO UPDATE SET since = min(since, excluded.since)', site, now);
  }

  private isReported(site: string): boolean {
    return this.database.get('SELECT overdue FROM site WHERE site = ?', site)?.['overdue'] !== null;
  }
}
