import type { Clock } from '../core/clock.ts';
import type { Database } from '../state/database.ts';
import type { Series } from './catalogue.ts';
import { exposition } from './exposition.ts';
import { knownHostSeries, type ZoneOf } from './known-hosts.ts';
import { measure, type MeasureOptions } from './measure.ts';
import { Survey } from './survey.ts';

/** Inputs that may change between measurements. */
export interface MeasuredState extends Omit<MeasureOptions, 'database' | 'now'> {
  readonly zoneOf: ZoneOf;
  /** Series of the service itself. */
  readonly ofService: readonly Series[];
}

/** All series, once. */
export async function measureOnce(database: Database, { zoneOf, ofService, ...options }: MeasuredState, clock: Clock): Promise<string> {
  return exposition([...measure({ ...options, database, now: clock.now() }), ...(await knownHostSeries(database, zoneOf)), ...ofService]);
}

/** All series, repeatedly; slow ones are recounted only when the state has changed. */
export class Measurements {
  private readonly database: Database;
  private readonly subject: () => MeasuredState;
  private readonly clock: Clock;
  private readonly survey: Survey;

  /** `database`: a connection that is used for nothing else. */
  constructor(database: Database, subject: () => MeasuredState, clock: Clock) {
    this.database = database;
    this.subject = subject;
    this.clock = clock;
    this.survey = new Survey(database, clock);
  }

  async text(): Promise<string> {
    const { zoneOf, ofService, ...options } = this.subject();
    const hosts = await this.survey.series(zoneOf);
    return exposition([...measure({ ...options, database: this.database, now: this.clock.now() }), ...hosts, ...ofService]);
  }

  close(): void {
    this.database.close();
  }
}
