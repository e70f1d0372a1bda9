import { isoTime } from '../event/time.ts';
import type { Clock } from '../core/clock.ts';
import { counted } from '../event/text.ts';
import type { ShipReport } from '../pipeline/ship.ts';

/** Numbers of schedules and directories. */
export interface JobCounts {
  readonly schedules: number;
  readonly directories: number;
}

/** What the service has done since its start, in one line. */
export class Activity {
  private jobs: JobCounts;
  private readonly clock: Pick<Clock, 'now'>;
  private inputs = 0;
  private events = 0;
  private last: number | undefined;
  /** Waiting events by sink, after its latest run. */
  private readonly waiting = new Map<string, number>();
  private readonly scanning = new Set<string>();

  constructor(jobs: JobCounts, clock: Pick<Clock, 'now'>) {
    this.jobs = jobs;
    this.clock = clock;
  }

  /** Sets the jobs of a reloaded configuration. */
  setJobs(jobs: JobCounts): void {
    this.jobs = jobs;
  }

  begin(schedule: string): void {
    this.scanning.add(schedule);
  }

  end(schedule: string): void {
    this.scanning.delete(schedule);
  }

  note({ inputs, sinks }: ShipReport): void {
    this.inputs += inputs.filter(({ runs }) => runs > 0).length;
    this.events += inputs.reduce((sum, { events }) => sum + events, 0);
    if (inputs.length > 0) this.last = this.clock.now();
    for (const { sink, waiting } of sinks) this.waiting.set(sink, waiting);
  }

  /** `2 schedules, 1 directory; shipped 3 scans, 412 events, the last 2026-01-31T02:00:00.000Z; 30 events wait for loki` */
  text(): string {
    const { schedules, directories } = this.jobs;
    const jobs = [schedules > 0 ? counted(schedules, 'schedule') : '', directories > 0 ? counted(directories, 'directory', 'directories') : ''];
    const last = this.last === undefined ? '' : `, the last ${isoTime(this.last)}`;
    const waiting = [...this.waiting].filter(([, events]) => events > 0);
    return [
      jobs.filter((text) => text !== '').join(', '),
      ...(this.scanning.size > 0 ? [`scanning: ${[...this.scanning].join(', ')}`] : []),
      this.inputs === 0 ? 'nothing shipped yet' : `shipped ${counted(this.inputs, 'scan')}, ${counted(this.events, 'event')}${last}`,
      ...waiting.map(([sink, events]) => `${counted(events, 'event')} ${events === 1 ? 'waits' : 'wait'} for ${sink}`),
    ].join('; ');
  }
}
