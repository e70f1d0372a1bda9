import { SiteWatch } from '../change/overdue-sites.ts';
import type { Clock } from '../core/clock.ts';
import { isAlive } from '../core/process-alive.ts';
import type { ShipReport } from '../pipeline/ship.ts';
import type { Database } from '../state/database.ts';
import { unreportedFiles } from '../state/file-attempts.ts';
import { ScheduledScans } from '../state/scheduled-scans.ts';
import { isPausing, nextPauseMs, type Pauses } from './pause.ts';
import { isRenewalDue } from '../state/sink-memory.ts';
import { newestWaiting } from '../state/spool.ts';

export interface HousekeepingOptions {
  readonly database: Database;
  /** Maximum age of the latest finished scan, by site, in milliseconds. */
  readonly maxAges: ReadonlyMap<string, number>;
  /** Sinks (`sinkKey`) that renew what their server would forget. */
  readonly sinks: readonly string[];
  readonly clock: Clock;
  /** Sends what waits on disk, and health events; undefined when it could not even start. */
  readonly deliverWaiting: () => Promise<ShipReport | undefined>;
}

const PAUSES: Pauses = { firstMs: 60_000, lastMs: 900_000 };

/** Between scans: sends what waits when its sink has recovered, renews alerts, and reports overdue scans. */
export class Housekeeping {
  private readonly options: HousekeepingOptions;
  private readonly sites: SiteWatch;
  private readonly scans: ScheduledScans;
  private next: number;
  private pauseMs = PAUSES.firstMs;
  /** The newest batch for sinks that are not configured any more. */
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
    // Renewal has its own pauses, however long another sink is down.
    const isRenewal = isRenewalDue(database, sinks, now);
    if (!isRenewal && isPausing(this.next, now, PAUSES)) return;
    this.next = now + PAUSES.firstMs;
    if (!isRenewal && !this.isNeeded(now)) {
      this.pauseMs = PAUSES.firstMs;
      return;
    }
    const report = await this.options.deliverWaiting();
    const isDone = report?.sinks.every(({ waiting }) => waiting === 0) === true;
    if (isDone) this.foreign = newestWaiting(database);
    this.next = now + (isDone ? PAUSES.firstMs : this.pauseMs);
    this.pauseMs = isDone ? PAUSES.firstMs : nextPauseMs(this.pauseMs, PAUSES);
  }

  private isNeeded(now: number): boolean {
    const { database, maxAges } = this.options;
    return (
      newestWaiting(database) > this.foreign ||
      this.sites.overdue(maxAges, now).length > 0 ||
      this.scans.failed(isAlive, now).length > 0 ||
      unreportedFiles(database).length > 0
    );
  }
}
