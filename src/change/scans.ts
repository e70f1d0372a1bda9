import { Budget } from '../core/budget.ts';
import { AHEAD_MS } from '../event/time.ts';
import type { Database } from '../state/database.ts';
import { boundsOf, ScanReach } from '../state/scan-reach.ts';
import { WithinTransaction } from '../state/within-transaction.ts';
import { ALL_NOT_ENTERED, type Candidate, LATEST, NEIGHBOURS, NEXT, PLACED, type Side, UNLISTED_ANNOUNCED } from './scan-statements.ts';
import { makeRoomForScans } from './kept-scans.ts';
import { type Place, RunsAt } from './runs-at.ts';
import { countsOf, kindOf, NO_COUNTS, profileKey, reachOf, type RunSetup, type ScanRecord, ScanRecords, setupOf, UNREADABLE } from './scan-record.ts';

/**
 * Budget for going through the kinds of runs at an address, in steps of about a microsecond: at most this many, and this many more per
 * question. When they are spent, only some of thousands of kinds are examined.
 */
const STEPS = { most: 100_000, earned: 20 };

/** The place after all runs. */
export const LAST: Place = { nr: 0, started: Number.MAX_SAFE_INTEGER };

/**
 * The runs of one site that comparisons need: of each kind the first, which shows that a host is new, and the latest.
 * Independent of repeated shipping and of other sites.
 */
export class KnownScans {
  private readonly database: Database;
  private readonly site: string;
  private readonly records = new ScanRecords();
  private readonly reach: ScanReach;
  private readonly budget = new Budget(STEPS);
  /** Ids of scans that were looked up in a transaction: each change names the scan before. */
  private readonly ids: WithinTransaction<Map<number, string | undefined>>;
  /** The runs that would have listed a host. */
  readonly at: RunsAt;

  constructor(database: Database, site: string) {
    this.database = database;
    this.site = site;
    this.reach = new ScanReach(database, site);
    this.ids = new WithinTransaction(database);
    this.at = new RunsAt(database, site, this.reach, this.records, this.budget);
  }

  /** Enters a run that begins, or returns its record if it is known. */
  begin(id: string, started: number, setup: RunSetup): ScanRecord {
    this.enterOlder();
    const before = this.row(id);
    if (before === undefined) return this.records.of(this.insert(id, started, setup), setup);
    this.renew(before, setup);
    return this.records.of(this.row(id) ?? {});
  }

  /** The stored record of a run that has begun. */
  again({ nr }: Place): ScanRecord {
    return this.records.of(this.database.get('SELECT * FROM scan WHERE nr = ?', nr) ?? {});
  }

  /** Updates the counts of a run, which another process may have changed. */
  refresh(record: ScanRecord): void {
    Object.assign(record.counts, countsOf(this.database.get('SELECT counts FROM scan WHERE nr = ?', record.nr)));
  }

  save({ nr, started, ended, complete, counts }: ScanRecord): void {
    this.at.forget();
    this.database.run(
      'UPDATE scan SET started = min(started, ?), ended = ?, complete = ?, counts = ?, held = ? WHERE nr = ?',
      started,
      ended,
      complete ? 1 : 0,
      JSON.stringify(counts),
      Number(counts.held === true),
      nr,
    );
  }

  /** Called at the beginning of an input, which has budgets of its own. */
  beginInput(): void {
    this.budget.renew();
    this.reach.beginInput();
  }

  /** Whether answers since the last call were incomplete, because there were too many kinds of runs. */
  takeLeftOut(): boolean {
    return [this.budget.takeExhausted(), this.reach.takeExhausted()].includes(true);
  }

  /**
   * Complete runs before or after another one with the same profile that may have scanned some of the same targets. First comes the direct
   * neighbour, whatever it did, because usually it did the same; then the other kinds with the latest run of each. Each kind comes once, because a
   * caller that reads on does not want it.
   * A run of a wide network may overlap with thousands of small ones, and usually one of the next will do: then some more neighbours come first.
   */
  *alike(side: Side, run: ScanRecord): Generator<ScanRecord, void, undefined> {
    const next = this.database.get(NEXT[side], this.site, run.nr, run.started, run.nr);
    if (next === undefined) return;
    const refused = new Set<string>();
    const damaged = new Set<string>();
    const refuse = ({ kind, setup }: ScanRecord): unknown => kind !== '' && (setup === UNREADABLE ? damaged : refused).add(kind);
    const first = this.records.of(next);
    yield first;
    refuse(first);
    for (const { nr, kind } of this.perhapsAlike(side, run, damaged))
      if (!refused.has(kind))
        for (const record of this.numbered(nr)) {
          yield record;
          refuse(record);
        }
  }

  /** `damaged`: kinds whose latest run could not be read, as found so far. */
  private *perhapsAlike(side: Side, run: ScanRecord, damaged: ReadonlySet<string>): Generator<Candidate, void, undefined> {
    const [profile, reach] = [profileKey(run.coverage), reachOf(run.coverage)];
    const few = this.reach.fewTouching(profile, reach);
    if (few === undefined) {
      const [first, last] = boundsOf(reach);
      const values = [this.site, run.nr, run.started, run.nr, this.site, profile, last, first];
      yield* this.database.all(NEIGHBOURS[side], ...values) as readonly unknown[] as readonly Candidate[];
      // Of later runs, any will do.
      if (side === 'later') yield* this.latest(side, [run.kind], run);
    }
    yield* this.latest(side, few ?? this.reach.touching(profile, reach) ?? [run.kind], run);
    if (damaged.size > 0) yield* this.placed(side, damaged, run);
  }

  hasLater({ nr, started }: Place): boolean {
    const sql = 'SELECT 1 FROM scan WHERE site = ? AND complete = 1 AND nr <> ? AND (started, nr) > (?, ?) LIMIT 1';
    return this.database.get(sql, this.site, nr, started, nr) !== undefined;
  }

  /** Whether `absence-unknown` was announced for a complete run of a kind. */
  isUnlistedAnnounced(kind: string): boolean {
    for (const row of this.database.each(UNLISTED_ANNOUNCED, this.site, kind))
      if (this.records.of(row).counts.announcedUnlisted === true) return true;
    return false;
  }

  /** When the latest complete run ended, ignoring runs ahead of our clock. */
  lastEnd(now: number): number | undefined {
    const row = this.database.get('SELECT max(ended) AS last FROM scan WHERE site = ? AND complete = 1 AND ended <= ?', this.site, now + AHEAD_MS);
    return (row?.['last'] as number | null) ?? undefined;
  }

  /** When the latest run began, complete or not, ignoring runs ahead of our clock. */
  lastStart(now: number): number | undefined {
    const row = this.database.get('SELECT max(started) AS last FROM scan WHERE site = ? AND started <= ?', this.site, now + AHEAD_MS);
    return (row?.['last'] as number | null) ?? undefined;
  }

  /** The latest time of any run that is not ahead of our clock. */
  latestTime(now: number): number {
    const sql = 'SELECT max(started, ended) AS last FROM scan WHERE site = ? AND max(started, ended) <= ? ORDER BY max(started, ended) DESC LIMIT 1';
    return (this.database.get(sql, this.site, now + AHEAD_MS)?.['last'] as number | undefined) ?? 0;
  }

  /** Whether any run is ahead of our clock. */
  areAhead(now: number): boolean {
    return this.database.get('SELECT 1 FROM scan WHERE site = ? AND max(started, ended) > ? LIMIT 1', this.site, now + AHEAD_MS) !== undefined;
  }

  /** Dates runs ahead of our clock at `time`. */
  dateFutureRuns(now: number, time: number): void {
    this.at.forget();
    this.database.run(
      'UPDATE scan SET started = min(started, ?), ended = min(ended, ?) WHERE site = ? AND max(started, ended) > ?',
      time,
      time,
      this.site,
      now + AHEAD_MS,
    );
  }

  /** Runs without possible times that were read after `time`. */
  withoutOwnTimeAfter(time: number): readonly Place[] {
    return this.database
      .all('SELECT nr, started FROM scan WHERE site = ? AND started > ? AND held = 1', this.site, time)
      .map(({ nr, started }) => ({ nr: nr as number, started: started as number }));
  }

  /** The latest time of any run with times of its own. */
  latestOwnTime(): number {
    const sql = 'SELECT max(started, ended) AS last FROM scan WHERE site = ? AND held = 0 ORDER BY max(started, ended) DESC LIMIT 1';
    return (this.database.get(sql, this.site)?.['last'] as number | undefined) ?? 0;
  }

  move(nr: number, time: number): void {
    this.at.forget();
    this.database.run('UPDATE scan SET started = min(started, ?), ended = ? WHERE nr = ?', time, time, nr);
  }

  /** nmap's arguments of a scan, by its number in the state file; undefined when it had none, or is no longer kept. */
  argsOf(nr: number): string | undefined {
    const row = this.database.get('SELECT run FROM scan WHERE nr = ?', nr);
    return row && setupOf(row).args;
  }

  /** `nmap` or `masscan`: the scanner of a scan, by its number; undefined when unknown, or no longer kept. */
  scannerOf(nr: number): string | undefined {
    const row = this.database.get('SELECT run FROM scan WHERE nr = ?', nr);
    return row && setupOf(row).scanner;
  }

  /** `nmap.scan.id` of a scan, by its number; undefined when it is no longer kept. */
  idOf(nr: number): string | undefined {
    const byNumber = this.ids.answer('ids', () => new Map());
    if (!byNumber.has(nr)) byNumber.set(nr, this.database.get('SELECT id FROM scan WHERE nr = ?', nr)?.['id'] as string | undefined);
    return byNumber.get(nr);
  }

  private row(id: string): Readonly<Record<string, unknown>> | undefined {
    return this.database.get('SELECT * FROM scan WHERE site = ? AND id = ?', this.site, id);
  }

  private *placed(side: Side, kinds: Iterable<string>, { nr, started }: Place): Generator<Candidate, void, undefined> {
    for (const found of this.database.each(PLACED[side], this.site, JSON.stringify([...kinds]), nr, started, nr))
      yield { nr: found['nr'] as number, kind: found['kind'] as string };
  }

  /** The latest run of each kind, and runs that were not entered. */
  private *latest(side: Side, kinds: Iterable<string>, { nr, started }: Place): Generator<Candidate, void, undefined> {
    const place = [nr, started, nr];
    for (const found of this.database.each(LATEST[side], JSON.stringify([...kinds]), this.site, ...place, this.site, ...place))
      yield { nr: found['nr'] as number, kind: found['kind'] as string };
  }

  private *numbered(nr: number): Generator<ScanRecord, void, undefined> {
    const row = this.database.get('SELECT * FROM scan WHERE nr = ?', nr);
    if (row !== undefined) yield this.records.of(row);
  }

  private insert(id: string, started: number, setup: RunSetup): Readonly<Record<string, unknown>> {
    const of = kindOf(setup);
    const [run, counts, kind] = [JSON.stringify(setup), JSON.stringify(NO_COUNTS), of.kind];
    const sql = 'INSERT INTO scan (site, id, started, ended, complete, run, counts, kind, reached) VALUES (?, ?, ?, ?, 0, ?, ?, ?, 1) RETURNING nr';
    const nr = this.database.get(sql, this.site, id, started, started, run, counts, kind)?.['nr'] as number;
    this.reach.enter(of);
    if (makeRoomForScans(this.database, this.site, this.reach, { nr, kind })) this.ids.forget();
    return { nr, id, started, ended: started, complete: 0, run, counts, kind };
  }

  /** Updates the set-up of a known run, whose header may have been cut before, or whose row may be damaged. */
  private renew(before: Readonly<Record<string, unknown>>, setup: RunSetup): void {
    const run = JSON.stringify(setup);
    if (String(before['run']).length >= run.length && setupOf(before) !== UNREADABLE) return;
    this.file(before['nr'] as number, String(before['kind']), setup);
    this.database.run('UPDATE scan SET run = ? WHERE nr = ?', run, before['nr'] as number);
  }

  /** Enters runs that an older version has stored without entering them; also one that is still running. */
  private enterOlder(): void {
    const others = this.database.all(ALL_NOT_ENTERED, this.site);
    for (const row of others) this.file(row['nr'] as number, String(row['kind']), setupOf(row));
  }

  private file(nr: number, kind: string, setup: RunSetup): void {
    const of = kindOf(setup);
    this.database.run('UPDATE scan SET kind = ?, reached = 1 WHERE nr = ?', of.kind, nr);
    this.reach.enter(of);
    if (kind !== of.kind) this.reach.forget(kind);
  }
}
