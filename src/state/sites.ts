import type { Database } from './database.ts';

/** Tables with a row for each thing that is known of a site, and an index that begins with the site. */
type Table = 'host' | 'scan' | 'site';

/** Sites with known hosts. */
export function knownSites(database: Database): readonly string[] {
  return sitesIn(database, 'host');
}

/** Sites that were scanned, or whose scans are awaited, whether or not a host was found there. */
export function seenSites(database: Database): readonly string[] {
  return [...new Set((['host', 'scan', 'site'] as const).flatMap((table) => sitesIn(database, table)))].sort();
}

/** Finds each site by the one before it, because there are few sites and very many rows. */
function sitesIn(database: Database, table: Table): readonly string[] {
  const sql = `
    WITH RECURSIVE known (site) AS (
      SELECT min(site) FROM ${table}
      UNION ALL SELECT (SELECT min(site) FROM ${table} WHERE ${table}.site > known.site) FROM known WHERE known.site IS NOT NULL)
    SELECT site FROM known WHERE site IS NOT NULL`;
  return database.all(sql).map(({ site }) => site as string);
}
