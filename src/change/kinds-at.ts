import { Budget } from '../core/budget.ts';
import type { Database } from '../state/database.ts';
import type { ScanReach } from '../state/scan-reach.ts';
import { type RunCoverage, wouldList } from './coverage.ts';
import { type ScanRecords, setupOf, UNREADABLE } from './scan-record.ts';
import { OF_KIND } from './scan-statements.ts';

/** Kinds beside an address that are looked at in any case. */
const MAX_BESIDE = 20;
/**
 * How many more before nobody looks further, counting each range of what has to be taken apart: there may be thousands of kinds with such
 * ranges as `10.0-15.0-31.7`.
 */
const MORE_BESIDE = { most: 300_000, earned: 100 };

/** Which kinds of runs of a site would have listed a host, had it been up. */
export class KindsAt {
  private readonly database: Database;
  private readonly site: string;
  private readonly reach: ScanReach;
  private readonly records: ScanRecords;
  private readonly budget = new Budget(MORE_BESIDE);

  constructor(database: Database, site: string, reach: ScanReach, records: ScanRecords) {
    this.database = database;
    this.site = site;
    this.reach = reach;
    this.records = records;
  }

  /** Kinds that really looked there: what reaches an address as it was entered may be wider. */
  *at(address: string): Generator<string, void, undefined> {
    this.budget.earn();
    let beside = 0;
    for (const kind of this.reach.at(address)) {
      const coverage = this.coverageOfKind(kind);
      if (coverage !== undefined && wouldList(coverage, address)) yield kind;
      else if (++beside > MAX_BESIDE) {
        this.budget.spend(1);
        if (this.budget.isSpent) return;
      }
    }
  }

  /** Undefined when what none of its runs was set up to do can be read. */
  private coverageOfKind(kind: string): RunCoverage | undefined {
    const known = this.records.knownCoverage(kind);
    if (known !== undefined) return known;
    for (const row of this.database.each(OF_KIND, this.site, kind)) {
      const setup = setupOf(row);
      if (setup === UNREADABLE) continue;
      const coverage = this.records.coverageOf(kind, setup);
      const { scope } = coverage.arguments;
      this.budget.spend(scope.known ? scope.addresses.ranges : 0);
      return coverage;
    }
    return undefined;
  }
}
