import type { Clock } from '../core/clock.ts';
import type { Database } from '../state/database.ts';
import type { Series } from './catalogue.ts';
import { knownHostSeries, type ZoneOf } from './known-hosts.ts';

/** Pause between two counts, as a multiple of the time that one takes: two seconds for 39,000 hosts. */
const REST = 19;
/** A request waits this long for new numbers, then gets the old ones. */
const PATIENCE_MS = 1000;

/** Series about known hosts, recounted when the state file or the zones changed. */
export class Survey {
  private readonly database: Database;
  private readonly clock: Clock;
  private counted: readonly Series[] | undefined;
  private counting: Promise<void> | undefined;
  private version: unknown;
  private zones: ZoneOf | undefined;
  private restUntil = 0;

  /** `database`: its own connection, so that it notices changes by others. */
  constructor(database: Database, clock: Clock) {
    this.database = database;
    this.clock = clock;
  }

  async series(zoneOf: ZoneOf): Promise<readonly Series[]> {
    // The number changes when another connection has written; https://www.sqlite.org/pragma.html#pragma_data_version
    const version = this.database.get('PRAGMA data_version')?.['data_version'];
    const isOld = version !== this.version || zoneOf !== this.zones;
    if (isOld && this.counting === undefined && this.clock.elapsed() >= this.restUntil) {
      [this.version, this.zones] = [version, zoneOf];
      this.counting = this.count(zoneOf);
    }
    await this.afterCounting(this.counting);
    return this.counted ?? [];
  }

  private async count(zoneOf: ZoneOf): Promise<void> {
    const began = this.clock.elapsed();
    try {
      this.counted = await knownHostSeries(this.database, zoneOf);
    } catch (error) {
      // Nothing was counted at this version.
      this.version = undefined;
      throw error;
    } finally {
      this.counting = undefined;
      this.restUntil = this.clock.elapsed() + (this.clock.elapsed() - began) * REST;
    }
  }

  private async afterCounting(counting: Promise<void> | undefined): Promise<void> {
    if (counting === undefined) return;
    if (this.counted === undefined) return counting;
    const done = new AbortController();
    await Promise.race([counting, this.clock.sleep(PATIENCE_MS, done.signal)]);
    done.abort();
    counting.catch(() => undefined);
  }
}
