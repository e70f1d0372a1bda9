import type { Budget } from '../core/budget.ts';
import type { Database } from '../state/database.ts';
import type { ScanReach } from '../state/scan-reach.ts';
import { wouldList } from './coverage.ts';
import { type ScanRecords, setupOf, type SetupOfKind, UNREADABLE } from './scan-record.ts';
import { OF_KIND } from './scan-statements.ts';

/** Kinds at an address that are looked at in any case, as a site may have thousands; and what one takes that has to be taken apart. */
const MOST_IN_ANY_CASE = 20;
const STEPS_TO_TAKE_APART = 20;

/** Which kinds of runs of a site would have listed a host, had it been up. */
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

  /** Kinds that really looked there: what reaches an address as it was entered may be wider. `isMeant`: others are passed over. */
  *at(address: string, isMeant: (kind: SetupOfKind) => boolean = () => true): Generator<SetupOfKind, void, undefined> {
    const { budget } = this;
    budget.earn();
    let kinds = 0;
    for (const name of this.reach.at(address)) {
      if (++kinds > MOST_IN_ANY_CASE) {
        if (!budget.mayGoOn()) return;
        budget.spend(1);
      }
      const kind = this.setupOfKind(name);
      if (kind !== undefined && isMeant(kind) && wouldList(kind.coverage, address)) yield kind;
    }
  }

  /** Undefined when what none of its runs was set up to do can be read. */
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
