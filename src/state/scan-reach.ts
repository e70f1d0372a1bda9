import { Budget } from '../core/budget.ts';
import { addressKey } from '../nmap/address-set.ts';
import type { Database } from './database.ts';
import { WithinTransaction } from './within-transaction.ts';

/** What runs of a kind scanned: address ranges as in `AddressSet.fewKeys`, in order, or the target words when the addresses are unknown. */
export type Reach = { readonly ranges: readonly (readonly [first: string, last: string])[] } | { readonly words: readonly string[] };

/** What runs of one kind have in common. */
export interface KindReach {
  readonly kind: string;
  /** The options of the runs, without targets; of any length. */
  readonly profile: string;
  /** Whether they list each host that they find up. */
  readonly listsHosts: boolean;
  readonly reach: Reach;
}

/** Most rows per kind. More ranges are merged into wider ones, more words count as any word: an answer may contain too many kinds, never too few. */
export const MOST_ROWS = 64;
export const WIDER_ROWS = 16;
/** Stands for words, where ranges have the number of bits of their width. */
const WORDS = -1;
const ANY_WORD = '*';
/** Sorts after addresses and words. */
const BEHIND_ALL = '~';
/** Words are compared by this many characters. */
const WORD_LENGTH = 64;
/**
 * Rows that queries about ranges may read before they are no longer answered, and how many each query earns. A site may have thousands of
 * kinds with ranges such as `10.0-15.0-31.7`, and each query would read all of them.
 */
const ROWS = { most: 200_000, earned: 50 };
const STATEMENT_ROWS = 10;
const SEARCH_ROWS = 2;
/** So many rows are quickly gone through. */
const FEW_ROWS = 32;

/**
 * An index of the kinds of runs by the addresses that they scanned, so that a scan is compared without reading all runs. Ranges are grouped by
 * their width, so that one is found by its beginning. An answer may contain kinds that did not scan the address; the caller checks the runs.
 */
export class ScanReach {
  private readonly database: Database;
  private readonly site: string;
  private readonly knownWidths: WithinTransaction<readonly number[]>;
  private readonly budget = new Budget(ROWS);

  constructor(database: Database, site: string) {
    this.database = database;
    this.site = site;
    this.knownWidths = new WithinTransaction(database);
  }

  /** Enters a kind, unless it was entered before. */
  enter({ kind, profile, listsHosts, reach }: KindReach): void {
    const sql = 'INSERT OR IGNORE INTO scan_reach (site, bits, first, last, kind, profile, lists_hosts) VALUES (?, ?, ?, ?, ?, ?, ?)';
    for (const [bits, first, last] of rowsOf(reach)) {
      // The rows of a kind are added and deleted together.
      if (this.database.run(sql, this.site, bits, first, last, kind, profile, Number(listsHosts)) === 0) return;
      if (bits !== WORDS) this.knownWidths.forget();
    }
  }

  /** Kinds whose runs would have listed a host at that address, had it been up. */
  *at(address: string): Generator<string, void, undefined> {
    const key = addressKey(address);
    if (key === undefined) return;
    const values = [JSON.stringify(this.widths().map((bits) => [bits, firstOf(key, bits)])), this.site, key, key];
    const first = JSON.parse(String(this.database.get(LISTING_FIRST, ...values)?.['kinds'])) as readonly string[];
    yield* first;
    if (first.length < MOST_AT_ONCE) return;
    for (const row of this.database.each(LISTING_MORE, ...values)) yield row['kind'] as string;
  }

  /** Kinds of a profile that scanned some of the same addresses; undefined when the budget for such queries is spent. */
  touching(profile: string, reach: Reach): ReadonlySet<string> | undefined {
    this.budget.refill();
    if (!this.budget.hasLeft()) return undefined;
    return this.kindsIn(ALL_MEETING, profile, reach).kinds;
  }

  /** The same if it takes no long search; undefined when it would. */
  fewTouching(profile: string, reach: Reach): ReadonlySet<string> | undefined {
    const { kinds, rows } = this.kindsIn(FEW_MEETING, profile, reach);
    return rows < FEW_ROWS ? kinds : undefined;
  }

  private kindsIn(sql: string, profile: string, reach: Reach): { readonly kinds: ReadonlySet<string>; readonly rows: number } {
    const searches = this.searchesFor(reach);
    const found = this.database.get(sql, profile, JSON.stringify(searches), this.site);
    const rows = Number(found?.['n']);
    this.budget.spend(STATEMENT_ROWS + searches.length * SEARCH_ROWS + rows);
    return { kinds: new Set(JSON.parse(String(found?.['kinds'])) as readonly string[]), rows };
  }

  /** Where rows are that meet a reach: of which width, where they begin, and where they end at the earliest. */
  private searchesFor(reach: Reach): readonly Search[] {
    const widths = this.widths();
    return rowsOf(reach).flatMap(([bits, first, last]): readonly Search[] => {
      if (bits === WORDS && first === ANY_WORD) return [[WORDS, '', BEHIND_ALL, '']];
      if (bits === WORDS) return [first, ANY_WORD].map((word) => [WORDS, word, word, '']);
      return widths.map((width) => [width, firstOf(first, width), last, first]);
    });
  }

  /** Called at the beginning of an input, which has a budget of its own. */
  beginInput(): void {
    this.budget.renew();
  }

  /** Whether {@link touching} has refused an answer since the last call. */
  takeExhausted(): boolean {
    return this.budget.takeExhausted();
  }

  /** Forgets a kind when no run of it is kept. */
  forget(kind: string): void {
    this.database.run(
      'DELETE FROM scan_reach INDEXED BY scan_reach_kind WHERE site = ? AND kind = ? AND NOT EXISTS (SELECT 1 FROM scan WHERE site = ? AND kind = ?)',
      this.site,
      kind,
      this.site,
      kind,
    );
  }

  /** The widths of which there are ranges: a handful, each found by the one before it. */
  private widths(): readonly number[] {
    return this.knownWidths.answer('', () => this.readWidths());
  }

  private readWidths(): readonly number[] {
    const sql = `
      WITH RECURSIVE width (bits) AS (
        SELECT min(bits) FROM scan_reach WHERE site = ? AND bits >= 0
        UNION ALL SELECT (SELECT min(bits) FROM scan_reach WHERE site = ? AND bits > width.bits) FROM width WHERE width.bits IS NOT NULL)
      SELECT bits FROM width WHERE bits IS NOT NULL`;
    return this.database.all(sql, this.site, this.site).map(({ bits }) => bits as number);
  }
}

type Search = readonly [bits: number, from: string, to: string, least: string];

/**
 * Kinds of a profile in the rows that several searches find, and how many rows were gone through for them. One statement, because a site may
 * have a hundred widths. Limits are written out: SQLite plans a statement anew whenever a limit among its values is bound.
 */
const MEETING = `SELECT kind, profile, last, search.value ->> 3 AS least FROM json_each(?) AS search CROSS JOIN scan_reach
  ON site = ? AND bits = search.value ->> 0 AND first BETWEEN search.value ->> 1 AND search.value ->> 2`;
const KINDS = 'count(*) AS n, json_group_array(kind) FILTER (WHERE profile = ? AND last >= least) AS kinds';
const ALL_MEETING = `SELECT ${KINDS} FROM (${MEETING})`;
const FEW_MEETING = `SELECT ${KINDS} FROM (${MEETING} LIMIT ${FEW_ROWS})`;
const LISTING = `SELECT kind FROM json_each(?) AS width CROSS JOIN scan_reach
  ON site = ? AND bits = width.value ->> 0 AND first BETWEEN width.value ->> 1 AND ? AND last >= ? AND lists_hosts = 1`;
/** Usually there are no more, and the query runs for each host. */
const MOST_AT_ONCE = 20;
const LISTING_FIRST = `SELECT json_group_array(kind) AS kinds FROM (${LISTING} LIMIT ${MOST_AT_ONCE})`;
const LISTING_MORE = `${LISTING} LIMIT -1 OFFSET ${MOST_AT_ONCE}`;

type ReachRow = readonly [bits: number, first: string, last: string];

function rowsOf(reach: Reach): readonly ReachRow[] {
  if ('ranges' in reach) return reach.ranges.map(([first, last]) => [bitsOf(first, last), first, last]);
  const words = reach.words.length === 0 ? [''] : [...new Set(reach.words.map((word) => `=${word.slice(0, WORD_LENGTH)}`))];
  return (words.length > MOST_ROWS ? [ANY_WORD] : words).map((word) => [WORDS, word, word]);
}

/** The first and the last address of a reach. For words, which have no order, everything. */
export function boundsOf(reach: Reach): readonly [first: string, last: string] {
  if ('words' in reach) return ['', BEHIND_ALL];
  return [reach.ranges[0]?.[0] ?? '', reach.ranges.at(-1)?.[1] ?? ''];
}

/**
 * A number of bits that holds the distance between two addresses: a multiple of four, because each query looks for ranges of each width, and
 * networks of IPv6 can have a hundred.
 */
function bitsOf(first: string, last: string): number {
  const distance = numberOf(last) - numberOf(first);
  return distance === 0n ? 0 : 4 * distance.toString(16).length;
}

/** The earliest beginning of a range of that width that contains an address. */
function firstOf(key: string, bits: number): string {
  const least = numberOf(key) - (1n << BigInt(bits)) + 1n;
  return key.slice(0, 1) + (least < 0n ? 0n : least).toString(16).padStart(key.length - 1, '0');
}

function numberOf(key: string): bigint {
  return BigInt(`0x${key.slice(1)}`);
}
