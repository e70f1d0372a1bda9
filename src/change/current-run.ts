import type { RunContext } from '../event/context.ts';
import type { HostContext } from '../event/host.ts';
import type { KnownScans, ScanRecord } from './scans.ts';

/** The run that is being read, and where it stands among those of its site. Times are epoch milliseconds. */
export class CurrentRun {
  readonly context: RunContext;
  readonly record: ScanRecord;
  /** Complete runs that began before this one, the latest first. */
  earlier: readonly ScanRecord[] = [];
  /** Complete runs that began after it: this one came late. */
  later: readonly ScanRecord[] = [];
  private readonly scans: KnownScans;

  constructor(context: RunContext, record: ScanRecord, scans: KnownScans) {
    this.context = context;
    this.record = record;
    this.scans = scans;
    this.findPlace();
  }

  /**
   * When a host was seen, in the order of the scans: never before its run began, whatever its own time says (a clock was set, or several
   * scans were made into one), else it would count as missing in the run that lists it. A run that tells no time that can be began with
   * the earliest of its hosts; when they tell none either, at its first reading, however often it is read. No run ends before its latest host.
   */
  timeOf({ run, time: told }: HostContext): number {
    const { record } = this;
    const isTold = told !== run.start;
    if (run.startIsOurs && isTold) this.beginAt(told);
    const time = run.startIsOurs && isTold ? told : Math.max(record.started, run.startIsOurs ? 0 : told);
    record.ended = Math.max(record.ended, time);
    return time;
  }

  private beginAt(time: number): void {
    const { record } = this;
    const isFirst = record.counts.held === true;
    if (isFirst) record.counts.held = false;
    if (isFirst && !record.complete) record.ended = time;
    if (time >= record.started) return;
    record.started = time;
    this.findPlace();
  }

  private findPlace(): void {
    const complete = this.scans.complete().filter(({ nr }) => nr !== this.record.nr);
    this.earlier = complete.filter((other) => isBefore(other, this.record));
    this.later = complete.filter((other) => isBefore(this.record, other));
  }
}

/** Of runs that began in the same second, the one that was shipped first. */
function isBefore(a: ScanRecord, b: ScanRecord): boolean {
  return a.started < b.started || (a.started === b.started && a.nr < b.nr);
}
