import type { Database } from '../state/database.ts';
import type { ScanReach } from '../state/scan-reach.ts';
import { KEPT_OF_A_KIND, TRIM } from './scan-statements.ts';

/** Runs of a site that are kept, and how many are left after a cleanup. The first and the latest runs of each kind are kept before all others. */
const KEPT_RUNS = 5000;
const LEFT_RUNS = 4000;
/** One of so many runs triggers a cleanup of its own kind, or of all kinds; the latter goes through all runs of the site. */
const TRIM_EVERY = 16;
const PRUNE_EVERY = 64;

/** Deletes runs of a site that no comparison needs, now and then; never the current one. True when it has looked for such runs. */
export function makeRoomForScans(
  database: Database,
  site: string,
  reach: ScanReach,
  { nr, kind }: { readonly nr: number; readonly kind: string },
): boolean {
  const [isToTrim, isToPrune] = [isOneOf(nr, TRIM_EVERY), isOneOf(nr, PRUNE_EVERY)];
  if (isToTrim) trim(database, site, nr, kind);
  if (isToPrune) prune(database, site, nr, reach);
  return isToTrim || isToPrune;
}

function trim(database: Database, site: string, nr: number, kind: string): void {
  for (const complete of [0, 1]) database.run(TRIM, site, kind, complete, nr, site, kind, complete);
}

/**
 * Deletes runs of all kinds when the site has too many. Kinds that came once go before those that came again: a file with thousands of kinds
 * does not make a site forget what it scans every night.
 */
function prune(database: Database, site: string, nr: number, reach: ScanReach): void {
  if (Number(database.get('SELECT count(*) AS n FROM scan WHERE site = ?', site)?.['n']) <= KEPT_RUNS) return;
  const gone = database.all(
    `DELETE FROM scan WHERE site = ? AND nr <> ? AND nr NOT IN (
       SELECT nr FROM (
         SELECT nr, started,
           row_number() OVER (PARTITION BY kind, complete ORDER BY started DESC, nr DESC) AS newer,
           row_number() OVER (PARTITION BY kind, complete ORDER BY started, nr) AS older,
           count(*) OVER (PARTITION BY kind) > 1 AS came_again
         FROM scan WHERE site = ?)
       WHERE newer <= ? OR older = 1
       ORDER BY min(newer, older) > 1, came_again DESC, started DESC LIMIT ?)
     RETURNING kind`,
    site,
    nr,
    site,
    KEPT_OF_A_KIND,
    LEFT_RUNS,
  );
  for (const kind of new Set(gone.map((row) => row['kind'] as string))) reach.forget(kind);
}

/** Whether a number is one of about one in `many`. Numbers are hashed, because a site may have, for example, only every second one. */
function isOneOf(nr: number, many: number): boolean {
  return Math.imul(nr, 0x9e3779b1) >>> 0 < 2 ** 32 / many;
}
