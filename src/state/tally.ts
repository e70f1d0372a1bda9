/**
 * The account of one sink: `read` is the sum of the fields after it, but for `restamped`: how many of those delivered carry
 * another time, and `removed`: how many events the sink has deleted again, of this run or an earlier one, because it was told
 * to keep only so many. `withheld` stays 0 as long as there is no policy.
 */
export interface Tally {
  readonly read: number;
  readonly delivered: number;
  readonly already: number;
  readonly dead: number;
  readonly spooled: number;
  readonly discarded: number;
  readonly withheld: number;
  readonly restamped: number;
  readonly removed: number;
}

/** The same while it is counted. */
export type CountingTally = { -readonly [Key in keyof Tally]: Tally[Key] };

export function newTally(): CountingTally {
  return { read: 0, delivered: 0, already: 0, dead: 0, spooled: 0, discarded: 0, withheld: 0, restamped: 0, removed: 0 };
}

/** Events whose fate is not known: they could neither be delivered nor kept, or their run was killed. */
export function unaccounted({ read, delivered, already, dead, spooled, discarded, withheld }: Tally): number {
  return read - delivered - already - dead - spooled - discarded - withheld;
}
