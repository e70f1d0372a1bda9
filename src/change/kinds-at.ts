import type { Budget } from '../core/budget.ts';
import type { Database } from '../state/database.ts';
import type { ScanReach } from '../state/scan-reach.ts';
import { wouldList } from './coverage.ts';
import { type ScanRecords, setupOf, type SetupOfKind, UNREADABLE } from './scan-record.ts';
import { OF_KIND } from './scan-statements.ts';

/** Kinds that are examined at each address whatever it costs, as a site may have thousands; and the cost of parsing the arguments of one. */
const MOST_IN_ANY_CASE = 20;
const STEPS_TO_TAKE_APART = 20;

/** Finds the kinds of runs of a site that would have listed a host, had it been up. */
export class KindsAt {
  private readonly database: Database;
  private readonly site: string;
  private readonly reach: ScanReach;
  private readonly records: ScanRecords;
  private readonly budget: Budget;

  constructor(database: Database, site: string, reach: ScanReach, records: ScanRecords, budget: Budget) {
    this.database = database;
    this.site = site;
    this.reach = reach;
    this.records = records;
    this.budget = budget;
  }

  /**
   * Kinds of runs that scanned an address. The index may contain wider ranges than were scanned, so each kind is checked. `isMeant`: other
   * kinds are skipped.
   */
  *at(address: string, isMeant: (kind: SetupOfKind) => boolean = () => true): Generator<SetupOfKind, void, undefined> {
    const { budget } = this;
    budget.refill();
    let kinds = 0;
    for (const name of this.reach.at(address)) {
      if (++kinds > MOST_IN_ANY_CASE) {
        if (!budget.hasLeft()) return;
        budget.spend(1);
      }
      const kind = this.setupOfKind(name);
      if (kind !== undefined && isMeant(kind) && wouldList(kind.coverage, address)) yield kind;
    }
  }

  /** The set-up of a kind; undefined when it cannot be read from any of its runs. */
  private setupOfKind(name: string): SetupOfKind | undefined {
    const known = this.records.knownKind(name);
    if (known !== undefined) return known;
    for (const row of this.database.each(OF_KIND, this.site, name)) {
      const setup = setupOf(row);
      if (setup === UNREADABLE) continue;
      const kind = this.records.kindOf(name, setup);
      const { scope } = kind.coverage.arguments;
      this.budget.spend(STEPS_TO_TAKE_APART + (scope.known ? scope.addresses.ranges : 0));
      return kind;
    }
    return undefined;
  }
}
