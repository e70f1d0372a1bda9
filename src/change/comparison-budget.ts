import { Budget } from '../core/budget.ts';
import type { KnownHost } from '../state/known-host.ts';
import { entriesOf } from '../state/large-table.ts';
import type { Observation } from './observation.ts';

/** Known ports that comparisons may go through, in one to two microseconds each, and how many each listing of a host earns. */
const COMPARISON_BUDGET = { most: 500_000, earned: 100 };
/** More than a scan that repeats its ports needs. */
const BUDGET_PER_PORT = 4;
/** What an older listing costs in comparison: afterwards it is looked whether it has changed anything. */
const OLDER = 5;

/**
 * Limits what it costs to compare hosts with many known ports that an input lists again and again: comparing covers all known ports. The
 * first listing of each host is always compared, so no host can use up what others need.
 */
export class ComparisonBudget {
  private readonly budget = new Budget(COMPARISON_BUDGET);
  /** Hosts with many known ports that were listed. */
  private readonly listed = new Set<string>();
  /** Those of them that were not compared since. */
  private readonly notCompared = new Set<string>();

  /** Called at the beginning of an input. */
  renew(): void {
    this.budget.renew();
    this.listed.clear();
    this.notCompared.clear();
  }

  /** Whether this listing may be compared. One with many ports, or of a host with few, always is. */
  mayCompare({ key, ports, time: latest }: KnownHost, { sighting, time }: Observation): boolean {
    this.budget.refill(sighting.ports.size * BUDGET_PER_PORT);
    const known = entriesOf(ports).length;
    const hasMany = known > COMPARISON_BUDGET.earned;
    if (hasMany && !this.listed.has(key)) {
      this.listed.add(key);
      return true;
    }
    const isSpent = !this.budget.hasLeft();
    if (isSpent && (hasMany || this.notCompared.has(key))) {
      this.notCompared.add(key);
      return false;
    }
    this.budget.spend(time < latest ? known * OLDER : known);
    return true;
  }
}
