import type { Budget } from '../core/budget.ts';
import type { Database } from '../state/database.ts';
import type { ScanReach } from '../state/scan-reach.ts';
import { WithinTransaction } from '../state/within-transaction.ts';
import { KindsAt } from './kinds-at.ts';
import {
  type BareRow,
  countsOf,
  type LaterRun,
  NO_COUNTS,
  type ScanRecord,
  type ScanRecords,
  setupOf,
  type SetupOfKind,
  UNREADABLE,
} from './scan-record.ts';
import { ANY_EARLIER, EARLIER_NOT_ENTERED, EARLIER_OF_KINDS, LATER_NOT_ENTERED, LATER_OF_KINDS } from './scan-statements.ts';

/** The place of a run among the runs of its site. Of runs that began in the same millisecond, the one that was shipped first comes first. */
export type Place = Pick<ScanRecord, 'nr' | 'started'>;

/** The remark when a site has more kinds of scans than a question may examine. */
export const KINDS_LEFT_OUT =
  'so many kinds of scan covered the same addresses before that it was not compared with all of them: what is new may be reported as seen for the first time, and that it covers less may not be reported';

/** Which earlier runs are wanted. */
export interface Wanted {
  /** Runs that ended at this time or later, epoch milliseconds. */
  readonly since: number;
  readonly isMeant: (kind: SetupOfKind) => boolean;
}

/** Whether there are complete runs before another one, and whether some of them are not in the index. */
interface Before {
  readonly any: boolean;
  readonly notEntered: boolean;
}

const ALL: Wanted = { since: 0, isMeant: () => true };
/** Budget steps of a query for the runs of a kind. */
const STEPS_OF_A_STATEMENT = 5;
/** Later runs that are examined whatever it costs; and how many cost a step. */
const MOST_IN_ANY_CASE = 20;
const RUNS_IN_A_STEP = 2;

/** Finds the complete runs of a site that would have listed a host, had it been up. */
export class RunsAt {
  private readonly database: Database;
  private readonly site: string;
  private readonly records: ScanRecords;
  private readonly budget: Budget;
  private readonly kinds: KindsAt;
  private readonly latest: WithinTransaction<readonly LaterRun[]>;
  private readonly before: WithinTransaction<Before>;
  /** Numbers of runs whose set-up could be read. */
  private readonly readable = new Set<number>();

  constructor(database: Database, site: string, reach: ScanReach, records: ScanRecords, budget: Budget) {
    this.database = database;
    this.site = site;
    this.records = records;
    this.budget = budget;
    this.kinds = new KindsAt(database, site, reach, records, budget);
    this.latest = new WithinTransaction(database);
    this.before = new WithinTransaction(database);
  }

  /** Runs before another one, in no order. */
  *earlier(address: string, place: Place, { since, isMeant }: Wanted = ALL): Generator<ScanRecord, void, undefined> {
    const before = this.whatIsBefore(place);
    if (!before.any) return;
    const values = [place.nr, place.started, place.nr, since];
    for (const kinds of doubling(this.kinds.at(address, isMeant))) {
      this.budget.spend(STEPS_OF_A_STATEMENT);
      const names = JSON.stringify(kinds.map(({ name }) => name));
      for (const row of this.database.each(EARLIER_OF_KINDS, this.site, names, ...values)) yield this.records.of(row);
    }
    if (!before.notEntered) return;
    for (const row of this.database.all(EARLIER_NOT_ENTERED, this.site, ...values)) {
      const record = this.records.of(row);
      if (isMeant({ name: record.kind, setup: record.setup, coverage: record.coverage })) yield record;
    }
  }

  /** Runs after another one, latest first. */
  later(address: string, place: Place): readonly LaterRun[] {
    const kinds = [...this.kinds.at(address)];
    const question = [place.nr, place.started, ...kinds.map(({ name }) => name)].join(' ');
    return this.latest.answer(question, () => this.readLater(kinds, place));
  }

  /** The part of `later` that may be examined once more: only the latest ones, when there are many and this was done very often. */
  most(later: readonly LaterRun[]): readonly LaterRun[] {
    this.budget.refill();
    this.budget.spend(later.length / RUNS_IN_A_STEP);
    return later.length <= MOST_IN_ANY_CASE || this.budget.hasLeft() ? later : later.slice(0, MOST_IN_ANY_CASE);
  }

  /** Drops the cached answers, because runs were written. */
  forget(): void {
    this.latest.forget();
    this.before.forget();
  }

  private whatIsBefore({ nr, started }: Place): Before {
    return this.before.answer(`${nr} ${started}`, () => {
      const row = this.database.get(ANY_EARLIER, this.site, nr, started, nr, this.site, nr, started, nr);
      return { any: row?.['any'] === 1, notEntered: row?.['not_entered'] === 1 };
    });
  }

  private readLater(kinds: readonly SetupOfKind[], { nr, started }: Place): readonly LaterRun[] {
    const place = [nr, started, nr];
    const names = JSON.stringify(kinds.map(({ name }) => name));
    const found = this.database.get(LATER_OF_KINDS, this.site, names, ...place);
    const runs = [...this.runsOf(new Map(kinds.map((kind) => [kind.name, kind])), found)];
    this.budget.spend(STEPS_OF_A_STATEMENT * kinds.length + runs.length / RUNS_IN_A_STEP);
    for (const row of this.database.all(LATER_NOT_ENTERED, this.site, ...place)) runs.push(this.records.of(row));
    return runs.sort((a, b) => b.started - a.started || b.nr - a.nr);
  }

  private *runsOf(kinds: ReadonlyMap<string, SetupOfKind>, found: BareRow | undefined): Generator<LaterRun, void, undefined> {
    const column = (name: string): readonly unknown[] => JSON.parse(String(found?.[name])) as readonly unknown[];
    const [names, unread] = [column('kinds'), column('unread')] as readonly (readonly (string | null)[])[];
    const [nrs = [], began = [], ended = []] = [column('nrs'), column('began'), column('ended')] as readonly (readonly number[])[];
    for (const [i, nr] of nrs.entries()) {
      const kind = kinds.get(names?.[i] ?? '');
      if (kind === undefined || !this.isReadable(nr)) continue;
      const counts = countsOf({ counts: unread?.[i] }) ?? NO_COUNTS;
      yield { nr, started: began[i] ?? 0, ended: ended[i] ?? 0, setup: kind.setup, coverage: kind.coverage, counts };
    }
  }

  private isReadable(nr: number): boolean {
    if (this.readable.has(nr)) return true;
    const row = this.database.get('SELECT run FROM scan WHERE nr = ?', nr);
    const isReadable = row !== undefined && setupOf(row) !== UNREADABLE;
    if (isReadable) this.readable.add(nr);
    return isReadable;
  }
}

/** The items in portions: one, then twice as many each time, because usually the first suffices. */
function* doubling<T>(all: Iterable<T>): Generator<readonly T[], void, undefined> {
  let some: T[] = [];
  let most = 1;
  for (const one of all) {
    some.push(one);
    if (some.length < most) continue;
    yield some;
    [some, most] = [[], most * 2];
  }
  if (some.length > 0) yield some;
}
