import type { RunContext } from '../event/context.ts';
import type { HostContext } from '../event/host.ts';
import type { Wanted } from './runs-at.ts';
import type { LaterRun, ScanRecord } from './scan-record.ts';
import type { KnownScans } from './scans.ts';

/** nmap lists a host once, and twice after `--resume`. */
const MAX_LISTINGS = 100;
/** Hosts of which it is counted how often they are listed. */
const MAX_COUNTED = 1000;

/** The run that is being read, and its place among the runs of its site. Times are epoch milliseconds. */
export class CurrentRun {
  readonly context: RunContext;
  readonly record: ScanRecord;
  private readonly scans: KnownScans;
  /** Complete runs began after it: this one came late. */
  private isLate: boolean;
  private readonly listed = new Map<string, number>();

  constructor(context: RunContext, record: ScanRecord, scans: KnownScans) {
    this.context = context;
    this.record = record;
    this.scans = scans;
    this.isLate = scans.hasLater(record);
  }

  /** The same run as the state file has it, after what was not committed is gone. */
  anew(scans: KnownScans): CurrentRun {
    return new CurrentRun(this.context, scans.again(this.record), scans);
  }

  /**
   * A host is listed once more: true when that is too often to be compared each time, for what a listing leaves out, it says of all that
   * is known. masscan lists a host for each port, and says nothing of others.
   */
  isListedTooOften(key: string): boolean {
    if (this.record.coverage.listsAnswersOnly) return false;
    const listings = (this.listed.get(key) ?? 0) + 1;
    if (listings === 1 && this.listed.size === MAX_COUNTED) this.listed.clear();
    this.listed.set(key, listings);
    return listings > MAX_LISTINGS;
  }

  /** Complete runs that began before this one, and would perhaps have listed a host of that address, had it been up; in no order. */
  earlierAt(address: string, wanted?: Wanted): Iterable<ScanRecord> {
    return this.scans.at.earlier(address, this.record, wanted);
  }

  /** The same of those that began after it, the latest first. */
  laterAt(address: string): readonly LaterRun[] {
    return this.isLate ? this.scans.at.later(address, this.record) : [];
  }

  /** Complete runs that began before this one and did perhaps the same, at some of the same: the latest first. */
  get earlierAlike(): Iterable<ScanRecord> {
    return this.scans.alike('earlier', this.record);
  }

  /** The same of those that began after it. */
  get laterAlike(): Iterable<ScanRecord> {
    return this.isLate ? this.scans.alike('later', this.record) : [];
  }

  /** It was told of this run, or another one of its kind, that hosts are missing of which nobody can say why. */
  get isUnlistedAnnounced(): boolean {
    return this.record.counts.announcedUnlisted === true || this.scans.isUnlistedAnnounced(this.record.kind);
  }

  /**
   * When a host was seen, in the order of the scans: never before its run began, whatever its own time says (a clock was set, or several
   * scans were made into one), else it would count as missing in the run that lists it. A run that tells no time that can be began with
   * the earliest of its hosts; when they tell none either, at its first reading, however often it is read. No run ends before its latest host.
   */
  timeOf({ run, time: stated }: HostContext): number {
    const { record } = this;
    const isStated = stated !== run.start;
    if (run.startIsOurs && isStated) this.beginAt(stated);
    const time = run.startIsOurs && isStated ? stated : Math.max(record.started, run.startIsOurs ? 0 : stated);
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
    this.isLate = this.scans.hasLater(record);
  }
}
