import type { DeliverySums } from '../event/run-summary.ts';

/**
 * The account of one sink: `read` is the sum of the other fields, except for `restamped` (delivered with another time) and `removed`
 * (deleted again by the sink because of its limit, in this run or an earlier one). `withheld` is always 0 for now, because there is no policy.
 */
export interface Tally extends DeliverySums {
  readonly restamped: number;
  readonly removed: number;
}

/** The same, writable. */
export type CountingTally = { -readonly [Key in keyof Tally]: Tally[Key] };

export function newTally(): CountingTally {
  return { read: 0, delivered: 0, already: 0, dead: 0, spooled: 0, discarded: 0, withheld: 0, restamped: 0, removed: 0 };
}

/** Events whose fate is not known: they could neither be delivered nor kept, or their run was killed. */
export function unaccounted({ read, delivered, already, dead, spooled, discarded, withheld }: Tally): number {
  return read - delivered - already - dead - spooled - discarded - withheld;
}
