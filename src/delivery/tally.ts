/**
 * The account of one sink, law 1: `read` is the sum of all that follow it, `restamped` excepted,
 * which says how many of those delivered carry another time. `withheld` stays 0 as long as there is no policy.
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
}

export function newTally(): Tally {
  return { read: 0, delivered: 0, already: 0, dead: 0, spooled: 0, discarded: 0, withheld: 0, restamped: 0 };
}

/** Events whose fate is not known: they could neither be delivered nor kept, or their run was killed. */
export function unaccounted({ read, delivered, already, dead, spooled, discarded, withheld }: Tally): number {
  return read - delivered - already - dead - spooled - discarded - withheld;
}
