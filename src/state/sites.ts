import type { Database } from './database.ts';

/* Each site is found by the one before it, because there are few sites and very many rows. */

const OF_HOSTS = `
  WITH RECURSIVE known (site) AS (
    SELECT min(site) FROM host
    UNION ALL SELECT (SELECT min(site) FROM host WHERE host.site > known.site) FROM known WHERE known.site IS NOT NULL)
  SELECT site FROM known WHERE site IS NOT NULL`;
const OF_SCANS = `
  WITH RECURSIVE known (site) AS (
    SELECT min(site) FROM scan
    UNION ALL SELECT (SELECT min(site) FROM scan WHERE scan.site > known.site) FROM known WHERE known.site IS NOT NULL)
  SELECT site FROM known WHERE site IS NOT NULL`;

/** Sites with known hosts. */
export function knownSites(database: Database): readonly string[] {
  return sitesIn(database, OF_HOSTS);
}

/** Sites that were scanned, or whose scans are awaited, whether or not a host was found there. */
export function seenSites(database: Database): readonly string[] {
  const awaited = 'SELECT site FROM site';
  return [...new Set([OF_HOSTS, OF_SCANS, awaited].flatMap((sql) => sitesIn(database, sql)))].sort();
}

function sitesIn(database: Database, sql: string): readonly string[] {
  return database.all(sql).map(({ site }) => site as string);
}
