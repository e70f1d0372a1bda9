import type { Database } from './database.ts';

/** The claim on a batch as stored in the state file; `open`: number of its groups whose fate is not known yet. */
interface Claim {
  readonly nr: number;
  open: number;
}

/** The latest claim of each other run, by the number of the run. */
export type Moment = ReadonlyMap<number, number>;

/**
 * Which run has claimed which acknowledgement groups of a sink, so that several runs that read the same scan at the same time send it once.
 * There is a row per batch: it is written before anything of the batch is sent, and deleted when the fate of all its groups is in the ledger.
 * So there are only a few rows, however much is shipped. Claims of a run that has ended or died do not count.
 */
export class Claims {
  private readonly database: Database;
  private readonly sink: number;
  private readonly run: number;
  /** Claims of this run by the keys of their groups. */
  private readonly held = new Map<string, Claim>();
  private last = 0;

  constructor(database: Database, sink: number, run: number) {
    this.database = database;
    this.sink = sink;
    this.run = run;
  }

  /** Whether this run holds the claim, as far as it knows: see {@link forgetLost}. */
  isOurs(key: string): boolean {
    return this.held.has(key);
  }

  /** Keys that other live runs have claimed. */
  ofOthers(): ReadonlySet<string> {
    return new Set(this.rowsOfOthers().flatMap(({ ack_groups: groups }) => keysIn(groups)));
  }

  /** Claims groups, in the transaction that has shown that no other run has. */
  take(keys: readonly string[]): void {
    if (keys.length === 0) return;
    const claim: Claim = { nr: ++this.last, open: keys.length };
    const groups = Buffer.from(keys.join(''), 'hex');
    this.database.run('INSERT INTO claim (sink, run, nr, ack_groups) VALUES (?, ?, ?, ?)', this.sink, this.run, claim.nr, groups);
    for (const key of keys) this.held.set(key, claim);
  }

  /** Takes over the claims that others held at `since` and still hold. Those runs check their claims before they send. */
  takeOver(since: Moment): void {
    for (const [run, nr] of since) this.database.run('DELETE FROM claim WHERE sink = ? AND run = ? AND nr <= ?', this.sink, run, nr);
  }

  /** The claims of other runs at this moment. */
  now(): Moment {
    return new Map(this.rowsOfOthers().map(({ run, nr }) => [run, nr]));
  }

  /** Drops those of our claims that another run has taken over. */
  forgetLost(keys: readonly string[]): void {
    const there = new Map<Claim, boolean>();
    for (const key of keys) {
      const claim = this.held.get(key);
      if (claim === undefined) continue;
      if (!there.has(claim)) there.set(claim, this.isThere(claim));
      if (there.get(claim) === false) this.held.delete(key);
    }
  }

  /** Releases the claim on a group whose fate is in the ledger. */
  release(key: string): void {
    const claim = this.held.get(key);
    if (claim === undefined) return;
    this.held.delete(key);
    if (--claim.open === 0) this.database.run('DELETE FROM claim WHERE sink = ? AND run = ? AND nr = ?', this.sink, this.run, claim.nr);
  }

  releaseAll(): void {
    this.held.clear();
    this.database.run('DELETE FROM claim WHERE sink = ? AND run = ?', this.sink, this.run);
  }

  private isThere({ nr }: Claim): boolean {
    return this.database.get('SELECT 1 FROM claim WHERE sink = ? AND run = ? AND nr = ?', this.sink, this.run, nr) !== undefined;
  }

  private rowsOfOthers(): readonly { readonly run: number; readonly nr: number; readonly ack_groups: Uint8Array }[] {
    const sql = 'SELECT run, nr, ack_groups FROM claim WHERE sink = ? AND run <> ? AND run IN (SELECT id FROM run) ORDER BY run, nr';
    return this.database.all(sql, this.sink, this.run) as unknown as ReturnType<Claims['rowsOfOthers']>;
  }
}

/** Keys are hexadecimal, and all of the same length. */
const KEY_LENGTH = 32;

function keysIn(groups: Uint8Array): readonly string[] {
  const text = Buffer.from(groups).toString('hex');
  return Array.from({ length: text.length / KEY_LENGTH }, (_, i) => text.slice(i * KEY_LENGTH, (i + 1) * KEY_LENGTH));
}
