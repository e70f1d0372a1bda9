import { SiteWatch } from '../change/overdue-sites.ts';
import type { Clock } from '../core/clock.ts';
import { isAlive } from '../core/process-alive.ts';
import type { ShipReport } from '../pipeline/ship.ts';
import type { Database } from '../state/database.ts';
import { unreportedFiles } from '../state/file-attempts.ts';
import { ScheduledScans } from '../state/scheduled-scans.ts';
import { isPausing, nextPauseMs, type Pauses } from './pause.ts';
import { isUpkeepDue } from '../state/sink-memory.ts';

export interface HousekeepingOptions {
  readonly database: Database;
  /** By site: how old its latest finished scan may be, in milliseconds. */
  readonly maxAges: ReadonlyMap<string, number>;
  /** The sinks (`sinkKey`) that may have something to do by themselves. */
  readonly sinks: readonly string[];
  readonly clock: Clock;
  /** Sends what waits on disk, and what portlog must tell about itself; undefined when it could not even try. */
  readonly deliverWaiting: () => Promise<ShipReport | undefined>;
}

const PAUSES: Pauses = { firstMs: 60_000, lastMs: 900_000 };

/** While nothing comes: sends what waits once its sink is back, has sinks tell again what stands, and tells of scans that did not come. */
export class Housekeeping {
  private readonly options: HousekeepingOptions;
  private readonly sites: SiteWatch;
  private readonly scans: ScheduledScans;
  private next: number;
  private pauseMs = PAUSES.firstMs;
  /** The newest of what waits for sinks that this configuration does not name. */
  private foreign = 0;

  constructor(options: HousekeepingOptions) {
    this.options = options;
    this.sites = new SiteWatch(options.database);
    this.scans = new ScheduledScans(options.database);
    this.next = options.clock.now();
  }

  async look(): Promise<void> {
    const { clock, database, sinks } = this.options;
    const now = clock.now();
    // It keeps to pauses of its own, however long another sink is down.
    const isUpkeep = isUpkeepDue(database, sinks, now);
    if (!isUpkeep && isPausing(this.next, now, PAUSES)) return;
    this.next = now + PAUSES.firstMs;
    if (!isUpkeep && !this.isNeeded(now)) {
      this.pauseMs = PAUSES.firstMs;
      return;
    }
    const report = await this.options.deliverWaiting();
    const isDone = report?.sinks.every(({ waiting }) => waiting === 0) === true;
    if (isDone) this.foreign = this.newest();
    this.pauseMs = isDone ? PAUSES.firstMs : nextPauseMs(this.pauseMs, PAUSES);
    this.next = now + this.pauseMs;
  }

  private isNeeded(now: number): boolean {
    const { maxAges } = this.options;
    return (
      this.newest() > this.foreign ||
      this.sites.overdue(maxAges, now).length > 0 ||
      this.scans.failed(isAlive, now).length > 0 ||
      unreportedFiles(this.options.database).length > 0
    );
  }

  /** When the newest batch was made that waits; 0 when none does. */
  private newest(): number {
    return Number(this.options.database.get('SELECT coalesce(max(created), 0) AS newest FROM spool')?.['newest']);
  }
}
