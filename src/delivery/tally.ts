/**
 * The account of one sink, law 1: `read` is the sum of all that follow it.
 * `spooled` and `withheld` stay 0 as long as there is no spool and no policy.
 */
export interface Tally {
  readonly sink: string;
  read: number;
  delivered: number;
  already: number;
  dead: number;
  spooled: number;
  discarded: number;
  withheld: number;
}

export function newTally(sink: string): Tally {
  return { sink, read: 0, delivered: 0, already: 0, dead: 0, spooled: 0, discarded: 0, withheld: 0 };
}

/** Events whose fate is not known; 0 unless they could neither be delivered nor kept. */
export function unaccounted({ read, delivered, already, dead, spooled, discarded, withheld }: Tally): number {
  return read - delivered - already - dead - spooled - discarded - withheld;
}
