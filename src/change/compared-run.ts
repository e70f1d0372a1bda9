import type { RunContext } from '../event/context.ts';
import type { HostContext } from '../event/host.ts';
import type { Wanted } from './runs-at.ts';
import type { LaterRun, ScanRecord } from './scan-record.ts';
import type { KnownScans } from './scans.ts';
import { portKey } from './sighting.ts';
import type { KnownHost, KnownPort } from '../state/known-host.ts';

/** Listings of a host that are compared: nmap lists a host once, and twice after `--resume`. */
const MAX_LISTINGS = 100;
/** Hosts whose listings are counted. */
const MAX_COUNTED = 1000;
/** Ports that a remark names. */
const MOST_NAMED = 5;

/** The run that is being read, and its place among the runs of its site. Times are epoch milliseconds. */
export class ComparedRun {
  readonly context: RunContext;
  readonly record: ScanRecord;
  private readonly scans: KnownScans;
  /** Whether complete runs that began after this one were read before it. */
  private isLate: boolean;
  private readonly listed = new Map<string, number>();
  /** Keys of hosts that it lists, but that were not compared. */
  private readonly passedOver = new Set<string>();
  /** Open ports seen for the first time at hosts that were known before, in a run that does not say which ports it scanned. */
  readonly unexplained = { ports: 0, first: [] as string[] };

  constructor(context: RunContext, record: ScanRecord, scans: KnownScans) {
    this.context = context;
    this.record = record;
    this.scans = scans;
    this.isLate = scans.hasLater(record);
  }

  /** The same run as stored in the state file, after a transaction was rolled back. */
  reloaded(scans: KnownScans): ComparedRun {
    const same = new ComparedRun(this.context, scans.again(this.record), scans);
    for (const key of this.passedOver) same.passOver(key);
    return same;
  }

  /**
   * Counts a listing of a host. True when there are too many to compare each: comparing covers all known ports, because a listing also says
   * something about those that it leaves out. Not for masscan, which lists a host for each port and says nothing about others.
   */
  isListedTooOften(key: string): boolean {
    if (this.record.coverage.listsAnswersOnly) return false;
    const listings = (this.listed.get(key) ?? 0) + 1;
    if (listings === 1 && this.listed.size === MAX_COUNTED) this.listed.clear();
    this.listed.set(key, listings);
    return listings > MAX_LISTINGS;
  }

  /** A host that it lists is not compared: it must not count as missing. */
  passOver(key: string): void {
    this.passedOver.add(key);
  }

  wasPassedOver(key: string): boolean {
    return this.passedOver.has(key);
  }

  /** Notes open ports that are seen for the first time, if the host was known before and the run does not say which ports it scanned. */
  noteFirstSeen({ key, up }: Pick<KnownHost, 'key' | 'up'>, ports: readonly KnownPort[]): void {
    const { coverage, started } = this.record;
    if (!coverage.listsAnswersOnly || (up.yes?.first ?? started) >= started) return;
    this.unexplained.ports += ports.length;
    const room = MOST_NAMED - this.unexplained.first.length;
    this.unexplained.first.push(...ports.slice(0, room).map(({ protocol, number }) => `${key} ${portKey(protocol, number)}`));
  }

  /** Complete runs that began before this one, and might have listed a host at that address, had it been up; in no order. */
  earlierAt(address: string, wanted?: Wanted): Iterable<ScanRecord> {
    return this.scans.at.earlier(address, this.record, wanted);
  }

  /** The same for runs that began after this one, latest first. */
  laterAt(address: string): readonly LaterRun[] {
    return this.isLate ? this.scans.at.later(address, this.record) : [];
  }

  /** Complete runs that began before this one, and might have done the same for some of the same targets; latest first. */
  get earlierAlike(): Iterable<ScanRecord> {
    return this.scans.alike('earlier', this.record);
  }

  /** The same for runs that began after this one. */
  get laterAlike(): Iterable<ScanRecord> {
    return this.isLate ? this.scans.alike('later', this.record) : [];
  }

  /** Whether `absence-unknown` was announced for this run or another one of its kind. */
  get isUnlistedAnnounced(): boolean {
    return this.record.counts.announcedUnlisted === true || this.scans.isUnlistedAnnounced(this.record.kind);
  }

  /**
   * When a host was seen, in the order of scans. Never before its run began, whatever its own time says (a clock was set, or several scans
   * were merged into one), because then it would count as missing in the run that lists it. A run without possible times began with its
   * earliest host; when the hosts have no times either, when it was first read, also if it is read again. No run ends before its latest host.
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
