import type { ComparedRun } from '../change/compared-run.ts';
import { Detected } from '../change/detected.ts';
import { ChangeDetector } from '../change/detector.ts';
import type { ChangeOptions } from '../change/options.ts';
import { KINDS_LEFT_OUT } from '../change/runs-at.ts';
import { KnownScans } from '../change/scans.ts';
import { AnnouncedChanges } from '../change/announced.ts';
import { InventoryOffsets } from '../change/inventory-offsets.ts';
import { detectAbsent, detectOfRun } from '../change/whole-run.ts';
import { PortlogError } from '../core/errors.ts';
import type { Delivery } from '../delivery/delivery.ts';
import type { SinkPipeline } from '../delivery/sink-pipeline.ts';
import type { RunContext } from '../event/context.ts';
import type { LogEvent } from '../event/event.ts';
import { seenAt } from '../event/time.ts';
import type { Finder } from '../finding/finder.ts';
import { looksFor } from '../finding/script.ts';
import { type Ending, type RunEnd, RunWatch, type ScanItem } from '../nmap/item.ts';
import type { Run } from '../nmap/model.ts';
import type { TargetLists } from '../nmap/target-lists.ts';
import { KnownHosts } from '../state/known-hosts.ts';
import type { Store } from '../state/store.ts';
import type { InputInProgress } from './input-report.ts';
import { identitiesOf, keepsInventory } from './inventory-sinks.ts';
import { missedChanges } from './missed-changes.ts';
import type { ScannedHost } from './scanned-host.ts';
import { TrackedInput } from './tracked-input.ts';
import { WaitingHosts } from './waiting-hosts.ts';

interface TrackerParts {
  readonly store: Store;
  readonly delivery: Delivery;
  readonly site: string;
  readonly options: ChangeOptions;
  readonly finder: Finder;
  readonly lists: TargetLists | undefined;
  /** Send the whole inventory, because records may have been deleted on the server, which the state cannot know. */
  readonly again: boolean;
}

/** Reads and writes the state, and adds what it detects. */
type Work = (current: ComparedRun, detected: Detected) => void;

/**
 * Compares hosts with the known state, and announces changes. State and change events are committed in one transaction before anything is
 * sent: a killed run has done both or neither, and the next run continues from there. Comparisons wait in the outbox, so that several small
 * runs share a transaction.
 */
export class ChangeTracker {
  private readonly parts: TrackerParts;
  private readonly announced: AnnouncedChanges;
  private readonly inventory: InventoryOffsets;
  private readonly watch = new RunWatch();
  private readonly waiting = new WaitingHosts();
  private hosts: KnownHosts;
  private scans: KnownScans;
  private detector: ChangeDetector;
  /** The run that is being read, and comparisons of it that were not put into the outbox yet. */
  private reading: RunContext | undefined;
  private beginning: (() => ComparedRun) | undefined;
  private works: Work[] = [];
  /** The run that is being compared; comparisons in the outbox come later. */
  private current: ComparedRun | undefined;
  /** The run that was being compared when the latest transaction began. */
  private before: { readonly transaction: number; readonly current: ComparedRun | undefined } | undefined;
  /** The input that is being read. */
  private input: TrackedInput | undefined;
  /** The input that is being compared; comparisons in the outbox come later. */
  private compared: TrackedInput | undefined;
  /** The inventory is still to be sent whole, to sinks that have it too. */
  private sendsInventoryAgain: boolean;
  /** Why the state failed; from then on nothing is compared. */
  problem: PortlogError | undefined;

  constructor(parts: TrackerParts) {
    this.parts = parts;
    const { store, site, again } = parts;
    this.sendsInventoryAgain = again;
    this.announced = new AnnouncedChanges(store.database);
    this.inventory = new InventoryOffsets(store.database, site);
    this.hosts = new KnownHosts(store.database, site);
    this.scans = new KnownScans(store.database, site);
    this.detector = this.newDetector();
  }

  /** The known state of some hosts is damaged: others are still compared. */
  get damage(): PortlogError | undefined {
    return this.hosts.damage;
  }

  /** Begins an input. Results go to `report`, maybe when a later input is being read. */
  beginInput(report: InputInProgress): void {
    this.input = new TrackedInput(report);
    if (this.problem === undefined) this.input.begin();
  }

  /** Takes the next item of a scan, with its run, and the host if it is one. */
  async take(item: ScanItem, run: RunContext | undefined, host: ScannedHost | undefined): Promise<void> {
    const ending = this.watch.take(item);
    if (this.problem !== undefined) return;
    if (item.kind === 'run' && run !== undefined) this.begin(item.run, run);
    else if (host !== undefined) this.wait(host);
    else if (item.kind === 'end') {
      this.end(item.end, ending);
      await this.catchUpInventory();
    }
    if (!this.waiting.areMany) return;
    this.flush();
    await this.parts.delivery.commit();
  }

  /** Puts the comparisons of the current run into the outbox. */
  flush(): void {
    this.compareWaiting();
    this.announceWorks();
  }

  private compareWaiting(): void {
    const taken = this.waiting.take();
    if (taken.hosts === 0) return;
    this.works.push((current, detected) => {
      this.waiting.compared(taken);
      for (const host of taken.listings) this.detector.compare(host, current, detected);
    });
  }

  /** Drops hosts of the current run that were not compared; they are compared when the scan is shipped again. */
  abandon(): void {
    this.reading = undefined;
    this.waiting.drop();
    this.beginning = undefined;
    this.works = [];
    this.forget();
  }

  /** Drops what was read or written in transactions that were rolled back. */
  private forget(): void {
    this.current = undefined;
    this.hosts = this.hosts.withoutCache();
    this.scans = new KnownScans(this.parts.store.database, this.parts.site);
    this.detector = this.newDetector();
  }

  /** After a rollback: the run is where it was before the transaction. */
  private rollBack(): void {
    const { before } = this;
    if (before === undefined) return;
    this.before = undefined;
    this.forget();
    this.current = before.current?.reloaded(this.scans);
  }

  private newDetector(): ChangeDetector {
    const { hosts, scans } = this;
    const { options, finder, lists, delivery } = this.parts;
    const judge = { looksFor, remedyOf: (rule: string) => finder.remedyOf(rule) };
    return new ChangeDetector({ hosts, scans, options, judge, keepsInventory: delivery.pipelines.some(({ sink }) => keepsInventory(sink)), lists });
  }

  private begin(run: Run, context: RunContext): void {
    this.reading = context;
    const { input } = this;
    this.beginning = () => this.detector.begin(run, context, (text) => input?.remark(text));
    this.catchUp(context.scanId);
  }

  private wait(host: ScannedHost): void {
    if (this.reading !== undefined && host.context.identity.key !== '') this.waiting.add(host);
  }

  private end(end: RunEnd, ending: Ending | undefined): void {
    const { reading, watch } = this;
    this.compareWaiting();
    this.reading = undefined;
    if (reading === undefined) return this.announceWorks();
    const { unread } = watch;
    this.works.push((current, detected) => {
      const { record } = current;
      record.ended = Math.max(seenAt(end.stats?.finished?.time, reading.options.now()), record.ended);
      record.counts.total = end.stats?.hosts?.total ?? record.counts.total;
      record.counts.unread = unread.length === 0 ? undefined : unread;
      if (ending === 'finished') {
        record.complete = true;
        detectAbsent(current, this.hosts, this.detector, detected);
      }
      detectOfRun(current, this.parts.options.mass, detected);
    });
    this.announceWorks();
    this.catchUp(reading.scanId);
  }

  /** For a small run all comparisons at once, because each announcement reads and writes the run's record. */
  private announceWorks(): void {
    const { beginning, works } = this;
    if (beginning === undefined && works.length === 0) return;
    [this.beginning, this.works] = [undefined, []];
    const { input } = this;
    this.announceLater(() => {
      if (beginning !== undefined) this.current = beginning();
      return this.current === undefined || works.length === 0 ? [] : this.doAll(works, this.current, beginning === undefined, input);
    });
  }

  /** `isOld`: the run's record is read again, because another process may have changed it. */
  private doAll(works: readonly Work[], current: ComparedRun, isOld: boolean, input: TrackedInput | undefined): readonly LogEvent[] {
    const { record, context } = current;
    const moved = new Set<string>();
    if (isOld) this.scans.refresh(record);
    const events = works.flatMap((work) => {
      const detected = input?.detected() ?? new Detected();
      work(current, detected);
      if (this.scans.takeLeftOut()) detected.remarks.push(KINDS_LEFT_OUT);
      input?.note(detected);
      for (const key of detected.moved) moved.add(key);
      // Known only when there are more than that; earlier changes were announced without the mark.
      return detected.events((record.counts.sharedChanges ?? 0) > this.parts.options.mass);
    });
    this.scans.save(record);
    // A sink without room gets them when the scan is shipped again.
    const sinks = this.parts.delivery.pipelines.flatMap(({ sink, isStuck }) => (isStuck ? [] : [sink]));
    this.announced.add(context.scanId, events, identitiesOf(sinks));
    this.inventory.add(moved, identitiesOf(sinks.filter(keepsInventory)));
    return events;
  }

  /** Sends a sink that is new the earlier changes of a scan. They go before new changes, or the sink would get these twice. */
  private catchUp(scanId: string): void {
    const { input, announced, parts } = this;
    for (const pipeline of parts.delivery.pipelines)
      this.announceLater(
        () => missedChanges(announced, scanId, pipeline, input),
        parts.delivery.only((one) => one === pipeline),
      );
  }

  /**
   * Sends a sink the inventory records that it has missed or lost, in portions. Not to a sink that is down: if its oldest events are dropped
   * to make room, the records would be sent and lost again and again.
   */
  private async catchUpInventory(): Promise<void> {
    const { delivery } = this.parts;
    const pipelines = delivery.pipelines.filter(({ sink }) => keepsInventory(sink));
    if (this.sendsInventoryAgain) {
      this.sendsInventoryAgain = false;
      this.announceLater(() => {
        for (const { sink } of pipelines) this.inventory.forget(sink.identity);
        return [];
      });
      await delivery.commit();
    }
    for (const pipeline of pipelines) {
      if (!this.hasMissed(pipeline)) continue;
      await delivery.commit();
      while (this.current !== undefined && this.hasMissed(pipeline)) {
        this.announceLater(
          () => this.missedBy(pipeline),
          delivery.only((one) => one === pipeline),
        );
        await delivery.commit();
      }
    }
  }

  private hasMissed({ sink, isKeepingUp }: SinkPipeline): boolean {
    if (this.problem !== undefined || !isKeepingUp) return false;
    try {
      return this.inventory.hasMissed(sink.identity);
    } catch (error) {
      if (!(error instanceof PortlogError)) throw error;
      this.problem = error;
      return false;
    }
  }

  private missedBy({ sink }: SinkPipeline): readonly LogEvent[] {
    const { current, detector } = this;
    return current === undefined ? [] : this.inventory.missed(sink.identity).flatMap((key) => detector.recordsOf(key, current));
  }

  private announceLater(make: () => readonly LogEvent[], delivery = this.parts.delivery): void {
    const { input } = this;
    delivery.announceLater({
      make: () => {
        const { transactions: transaction } = this.parts.store.database;
        if (this.compared !== input) this.detector.beginInput();
        this.compared = input;
        if (this.before?.transaction !== transaction) this.before = { transaction, current: this.current };
        return this.problem === undefined ? make() : [];
      },
      rolledBack: () => this.rollBack(),
      failed: (error) => {
        input?.failed(error, !(error instanceof PortlogError));
        if (error instanceof PortlogError) this.problem ??= error;
        this.forget();
      },
    });
  }
}
