import { type ScanRecord, ScanRecords } from '../../src/change/scan-record.ts';
import type { Place } from '../../src/change/runs-at.ts';
import type { Database } from '../../src/state/database.ts';

/** Complete runs of a site, the latest first: all of them, gone through one by one. */
export function completeRuns(database: Database, site: string): readonly ScanRecord[] {
  const records = new ScanRecords();
  const all = database.all('SELECT * FROM scan WHERE site = ? AND complete = 1', site).map((row) => records.of(row));
  return all.sort((a, b) => b.started - a.started || b.nr - a.nr);
}

export function isBefore(a: Place, b: Place): boolean {
  return a.started < b.started || (a.started === b.started && a.nr < b.nr);
}
