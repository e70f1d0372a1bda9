import type { Database } from './database.ts';

/** A batch that is on its way, as it is in the state file; `open`: so many of its groups have no known fate yet. */
interface Claim {
  readonly nr: number;
  open: number;
}

/** The latest claim of each other run. */
export type Moment = ReadonlyMap<number, number>;

/**
 * Which run has which acknowledgement groups of one sink in hand: several that read the same scan at the same time send it once. There is a
 * row for each batch, made before anything of it is sent, and deleted when the fates of all its groups are in the ledger: these are few,
 * however much is shipped. Those of a run that is gone count no more.
 */
export class Claims {
  private readonly database: Database;
  private readonly sink: number;
  private readonly run: number;
  /** Those of this run, by the keys of their groups. */
  private readonly held = new Map<string, Claim>();
  private last = 0;

  constructor(database: Database, sink: number, run: number) {
    this.database = database;
    this.sink = sink;
    this.run = run;
  }

  /** As far as this run knows: see {@link forgetLost}. */
  isOurs(key: string): boolean {
    return this.held.has(key);
  }

  /** What other live runs have in hand. */
  ofOthers(): ReadonlySet<string> {
    return new Set(this.rowsOfOthers().flatMap(({ ack_groups: groups }) => keysIn(groups)));
  }

  /** In the transaction in which nobody else had them. */
  take(keys: readonly string[]): void {
    if (keys.length === 0) return;
    const claim: Claim = { nr: ++this.last, open: keys.length };
    const groups = Buffer.from(keys.join(''), 'hex');
    this.database.run('INSERT INTO claim (sink, run, nr, ack_groups) VALUES (?, ?, ?, ?)', this.sink, this.run, claim.nr, groups);
    for (const key of keys) this.held.set(key, claim);
  }

  /** Takes away what others had in hand then, and have still. Whose it was looks before it sends. */
  takeAway(since: Moment): void {
    for (const [run, nr] of since) this.database.run('DELETE FROM claim WHERE sink = ? AND run = ? AND nr <= ?', this.sink, run, nr);
  }

  /** What others have in hand by now. */
  now(): Moment {
    return new Map(this.rowsOfOthers().map(({ run, nr }) => [run, nr]));
  }

  /** Of these, what another run has taken away is not ours any more. */
  forgetLost(keys: readonly string[]): void {
    const there = new Map<Claim, boolean>();
    for (const key of keys) {
      const claim = this.held.get(key);
      if (claim === undefined) continue;
      if (!there.has(claim)) there.set(claim, this.isThere(claim));
      if (there.get(claim) === false) this.held.delete(key);
    }
  }

  /** What became of it is in the ledger. */
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
