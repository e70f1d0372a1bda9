import type { CurrentRun } from '../change/current-run.ts';
import { Detected } from '../change/detected.ts';
import { ChangeDetector } from '../change/detector.ts';
import type { ChangeOptions } from '../change/options.ts';
import { KnownScans } from '../change/scans.ts';
import { AnnouncedChanges } from '../change/announced.ts';
import { detectAbsent, detectOfRun } from '../change/whole-run.ts';
import { PortlogError } from '../core/errors.ts';
import type { Delivery } from '../delivery/delivery.ts';
import type { RunContext } from '../event/context.ts';
import { INVENTORY, type LogEvent } from '../event/event.ts';
import { seenAt } from '../event/time.ts';
import type { Finder } from '../finding/finder.ts';
import { looksFor } from '../finding/script.ts';
import { type Ending, type RunEnd, RunWatch, type ScanItem } from '../nmap/item.ts';
import type { Run } from '../nmap/model.ts';
import type { TargetLists } from '../nmap/target-lists.ts';
import { KnownHosts } from '../state/known-hosts.ts';
import type { Store } from '../state/store.ts';
import type { ScannedHost } from './scanned-host.ts';
import { WaitingHosts } from './waiting-hosts.ts';

/** What a tracker works with. */
interface TrackerParts {
  readonly store: Store;
  readonly delivery: Delivery;
  readonly site: string;
  readonly options: ChangeOptions;
  readonly finder: Finder;
  readonly lists: TargetLists | undefined;
}

/**
 * Has compared what is read, and announces what changed. State, and the events that say
 * how it changed, are committed in one transaction before anything is sent: a run that is killed has
 * either done both or neither, and the next one goes on from there.
 */
export class ChangeTracker {
  private readonly parts: TrackerParts;
  private readonly announced: AnnouncedChanges;
  private readonly watch = new RunWatch();
  private readonly waiting = new WaitingHosts();
  private hosts: KnownHosts;
  private scans: KnownScans;
  private detector: ChangeDetector;
  private current: CurrentRun | undefined;
  /** What people should hear of the scans. */
  readonly remarks: string[] = [];
  /** The state could not be read or written: from then on nothing is compared. */
  problem: PortlogError | undefined;

  constructor(parts: TrackerParts) {
    this.parts = parts;
    const { store, site } = parts;
    this.announced = new AnnouncedChanges(store.database);
    this.hosts = new KnownHosts(store.database, site);
    this.scans = new KnownScans(store.database, site);
    this.detector = this.newDetector();
  }

  /** What is known of some hosts could not be read: all others are compared. */
  get damage(): PortlogError | undefined {
    return this.hosts.damage;
  }

  /** Takes the next item of a scan, with the run that it is in, and what it says of a host if it is one. */
  async take(item: ScanItem, run: RunContext | undefined, host: ScannedHost | undefined): Promise<void> {
    const ending = this.watch.take(item);
    if (item.kind === 'run' && run !== undefined) this.begin(item.run, run);
    else if (host !== undefined) this.wait(host);
    else if (item.kind === 'end') await this.end(item.end, ending);
    if (this.waiting.areMany) await this.flush();
  }

  /** Compares the hosts that wait, commits what is known of them now, and announces what changed. */
  async flush(): Promise<void> {
    const { current, detector, hosts } = this;
    const waiting = this.waiting.take();
    if (current === undefined || waiting.length === 0) return;
    await this.commit(current, (detected) =>
      hosts.together(this.parts.options.confirm, () => waiting.forEach((host) => detector.compare(host, current, detected))),
    );
  }

  /** Drops what waits of the run that is being read: it is not known, and is compared when it is shipped again. */
  abandon(): void {
    this.current = undefined;
    this.waiting.take();
    // They remember what was read or written in transactions that may have been rolled back.
    this.hosts = this.hosts.anew();
    this.scans = new KnownScans(this.parts.store.database, this.parts.site);
    this.detector = this.newDetector();
  }

  private newDetector(): ChangeDetector {
    const { hosts, scans } = this;
    const { options, finder, lists, delivery } = this.parts;
    const keepsInventory = delivery.pipelines.some(({ sink }) => sink.accepts(INVENTORY));
    const judge = { looksFor, remedyOf: (rule: string) => finder.remedyOf(rule) };
    return new ChangeDetector({ hosts, scans, options, judge, keepsInventory, lists });
  }

  private begin(run: Run, context: RunContext): void {
    if (this.problem !== undefined) return;
    try {
      this.current = this.parts.store.transaction(() => this.detector.begin(run, context));
    } catch (error) {
      this.giveUp(error);
    }
  }

  private wait(host: ScannedHost): void {
    if (this.current !== undefined && host.context.identity.key !== '') this.waiting.add(host);
  }

  private async end(end: RunEnd, ending: Ending | undefined): Promise<void> {
    await this.flush();
    const { current, watch } = this;
    if (current === undefined) return;
    const { record } = current;
    await this.commit(current, (detected) => {
      record.ended = Math.max(seenAt(end.stats?.finished?.time, current.context.options.now()), record.ended);
      record.counts.total = end.stats?.hosts?.total ?? record.counts.total;
      record.counts.unread = watch.unread.length === 0 ? undefined : watch.unread;
      if (ending === 'finished') {
        record.complete = true;
        detectAbsent(current, this.hosts, this.detector, detected);
      }
      detectOfRun(current, this.parts.options.mass, detected);
    });
    await this.catchUp(current);
    this.current = undefined;
  }

  /** One transaction: `work` reads and writes the state, and says what it has detected. Another process may have changed the state before. */
  private async commit({ record, context }: CurrentRun, work: (detected: Detected) => void): Promise<void> {
    const { delivery, options } = this.parts;
    const make = (): readonly LogEvent[] => {
      const detected = new Detected();
      this.scans.refresh(record);
      work(detected);
      this.scans.save(record);
      this.remarks.push(...detected.remarks);
      // Known as soon as the scan has more of them: those before it, at most so many, stay as they were told.
      const events = detected.events(record.counts.changes > options.mass);
      // What a sink has no room for, it gets when the scan is shipped to it again.
      const sinks = delivery.pipelines.filter(({ isStuck }) => !isStuck).map(({ sink }) => sink.identity);
      this.announced.add(context.scanId, events, sinks);
      return events;
    };
    try {
      await delivery.announceFrom(make);
    } catch (error) {
      this.giveUp(error);
    }
  }

  /** The state says once what has changed: a sink that was not there when this scan came first gets it now. */
  private async catchUp({ context: { scanId } }: CurrentRun): Promise<void> {
    if (this.problem !== undefined) return;
    const { delivery } = this.parts;
    try {
      for (const pipeline of delivery.pipelines.filter(({ sink, isStuck }) => !isStuck && this.announced.hasMissed(scanId, sink.identity)))
        await delivery.only((one) => one === pipeline).announceFrom(() => this.announced.missed(scanId, pipeline.sink.identity));
    } catch (error) {
      this.giveUp(error);
    }
  }

  private giveUp(error: unknown): void {
    if (!(error instanceof PortlogError)) throw error;
    this.problem = error;
    this.current = undefined;
  }
}
