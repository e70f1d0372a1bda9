import { Budget } from '../core/budget.ts';
import type { TargetLists } from '../nmap/target-lists.ts';
import { argumentsOf } from './scope.ts';

/** Address ranges that the arguments of all runs may have together, at about two microseconds each, and how many each run adds. */
const RANGES = { most: 200_000, earned: 20 };
/** Arguments with no more than this many always count as known. */
const FEW = 64;

/** The remark when there are too many. */
export const RANGES_LEFT_OUT =
  'it has so many scans of hundreds of address ranges each that of some it was not worked out what they scanned: hosts that these do not list are not reported missing';

/**
 * Counts the address ranges in the arguments of runs. A run with `10.0-15.0-31.7` has 512 of them in a few bytes; they are built, compared with
 * those of other runs, and known hosts between them are looked for.
 */
export class ManyRanges {
  private readonly budget = new Budget(RANGES);

  renew(): void {
    this.budget.renew();
  }

  /** Whether it may be worked out what these arguments mean. Called once per run. */
  allow(args: string | undefined, lists: TargetLists | undefined): boolean {
    this.budget.refill();
    const { scope } = argumentsOf(args, lists);
    if (!scope.known || scope.made <= FEW) return true;
    if (!this.budget.hasLeft()) return false;
    this.budget.spend(scope.made);
    return true;
  }
}
