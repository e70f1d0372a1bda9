/**
 * The account of one sink: `read` is the sum of the fields after it, but for `restamped`: how many of those delivered carry
 * another time, and `removed`: how many events the sink has deleted again, of this run or an earlier one, because it was told
 * to keep only so many. `withheld` stays 0 as long as there is no policy.
 */
export interface Tally {
  read: number;
  delivered: number;
  already: number;
  dead: number;
  spooled: number;
  discarded: number;
  withheld: number;
  restamped: number;
  removed: number;
}

export function newTally(): Tally {
  return { read: 0, delivered: 0, already: 0, dead: 0, spooled: 0, discarded: 0, withheld: 0, restamped: 0, removed: 0 };
}

/** Events whose fate is not known: they could neither be delivered nor kept, or their run was killed. */
export function unaccounted({ read, delivered, already, dead, spooled, discarded, withheld }: Tally): number {
  return read - delivered - already - dead - spooled - discarded - withheld;
}
