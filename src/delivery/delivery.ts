import { ALERTING, type Dataset, type LogEvent } from '../event/event.ts';
import type { Sink } from '../sink/sink.ts';
import type { RunSums } from '../state/runs.ts';
import { sinkKey } from '../state/seen-files.ts';
import type { Store, WaitingSink } from '../state/store.ts';
import { type Tally, unaccounted } from '../state/tally.ts';
import { type Announcement, Outbox } from './outbox.ts';
import { type SinkReport, sinkReport } from './report.ts';
import { SinkPipeline } from './sink-pipeline.ts';
import type { Unanswered } from './unanswered.ts';
import type { SinkPipelineOptions } from './sink-pipeline-options.ts';

const ANNOUNCED: ReadonlySet<Dataset> = new Set(ALERTING);
const MAX_BATCH_AGE_MS = 1000;

export type DeliveryOptions = SinkPipelineOptions;

/**
 * Delivers events to all sinks of a run, and reports what became of them. Each sink has a {@link SinkPipeline}: account,
 * outbox, queue with retries, and spool. `push` events in reading order and await the promise if there is one; call
 * `endAckGroup` (or `abandonAckGroup`) at the end of each input, and `finish` at the very end.
 */
export class Delivery {
  readonly pipelines: readonly SinkPipeline[];
  private readonly store: Store | undefined;
  private readonly outbox: Outbox;

  private constructor(pipelines: readonly SinkPipeline[], store: Store | undefined, outbox = new Outbox(store)) {
    this.pipelines = pipelines;
    this.store = store;
    this.outbox = outbox;
  }

  /** Delivery to these sinks. Their counts are saved with each transaction of `options.store`. */
  static to(sinks: readonly Sink[], options: DeliveryOptions): Delivery {
    const { store } = options;
    store?.shareBetween(sinks.filter(({ undeliverable }) => undeliverable === 'keep').length);
    const delivery = new Delivery(
      sinks.map((sink) => new SinkPipeline(sink, options)),
      store,
    );
    store?.watch(() => delivery.sums());
    return delivery;
  }

  /** The same delivery for some of the sinks only. */
  only(isMeant: (pipeline: SinkPipeline) => boolean): Delivery {
    return new Delivery(this.pipelines.filter(isMeant), this.store, this.outbox);
  }

  /** Delivery to the sinks that keep undelivered events. What the other sinks write must depend on the input alone. */
  get kept(): Delivery {
    return this.only(({ spoolWriter }) => spoolWriter !== undefined);
  }

  /**
   * Starts sending what earlier runs left in the spool. `retryDeadLetters`: dead letters, too; `takeOver`: sinks whose waiting events move to
   * these; `unanswered`: sinks that did not answer a check.
   */
  start(retryDeadLetters: boolean, takeOver: readonly WaitingSink[] = [], unanswered: readonly Unanswered[] = []): void {
    for (const pipeline of this.pipelines)
      pipeline.start(
        retryDeadLetters,
        takeOver,
        unanswered.find(({ sink }) => sink === pipeline.sink),
      );
  }

  /** How long a sink may hold up reading before its events go to disk, in milliseconds. */
  set patienceMs(milliseconds: number) {
    for (const pipeline of this.pipelines) pipeline.patienceMs = milliseconds;
  }

  /**
   * Takes an event. An event that happens only once goes into the outbox, where it waits for {@link commit}. If a promise is returned, await
   * it before the next call.
   */
  push(event: LogEvent): Promise<void> | undefined {
    if (ANNOUNCED.has(event.dataset)) return this.pushAtOnce(event);
    let waits: Promise<void>[] | undefined;
    for (const pipeline of this.pipelines) {
      const wait = pipeline.push(event);
      if (wait !== undefined) (waits ??= []).push(wait);
    }
    return waits && Promise.all(waits).then(() => undefined);
  }

  /** Takes events that a thread has rendered. Resolves when `body` may be reused. */
  async pushRendered(events: number, body: Uint8Array): Promise<void> {
    for (const pipeline of this.pipelines) await pipeline.pushRendered(events, body);
  }

  /**
   * The outbox: events are committed for all sinks in one transaction, with all else that waits, and only then sent. After a
   * crash the next run sends the same bytes under the same ids. A row is deleted when its sink has acknowledged or rejected
   * it.
   */
  async announce(events: readonly LogEvent[]): Promise<void> {
    this.outbox.add({ pipelines: this.pipelines, make: () => events });
    await this.commit();
  }

  /**
   * The same for events about a change of the state: `make` reads and writes the state in the transaction that commits its events, so that
   * both are saved or neither. Needs a store.
   */
  async announceFrom(make: () => readonly LogEvent[]): Promise<void> {
    const failures: unknown[] = [];
    this.announceLater({ make, failed: (error) => failures.push(error) });
    await this.commit();
    if (failures.length > 0) throw failures[0];
  }

  /** The same, with the next commit. */
  announceLater(announcement: Omit<Announcement, 'pipelines'>): void {
    if (this.store === undefined) throw new Error('what changes the state needs one');
    this.outbox.add({ pipelines: this.pipelines, ...announcement });
  }

  /** Whether anything waits for {@link commit}. */
  get hasWaiting(): boolean {
    return !this.outbox.isEmpty;
  }

  /** Adds to the bytes read of an input that may wait; commits when enough was read. */
  async commitAfter(bytes: number): Promise<void> {
    this.outbox.noteRead(bytes);
    if (this.outbox.isFull) await this.commit();
  }

  /** Commits what waits in the outbox, and sends it after everything that was pushed before. */
  async commit(): Promise<void> {
    await this.outbox.commit();
  }

  /** Sends all pending batches, or those older than `ageMs`. */
  async flush(ageMs?: number): Promise<void> {
    for (const pipeline of this.pipelines) await pipeline.flush(ageMs);
  }

  /** Sends batches that have waited long enough while `work` runs. */
  async whileFlushing(clock: DeliveryOptions['clock'], work: () => Promise<void>): Promise<void> {
    const done = new AbortController();
    const flushing = (async () => {
      while (!done.signal.aborted) {
        await clock.sleep(MAX_BATCH_AGE_MS, done.signal);
        // An error here occurs again, and is reported, at the next push or at the end.
        await Promise.allSettled(this.pipelines.map((pipeline) => pipeline.flush(MAX_BATCH_AGE_MS)));
        await this.renew();
      }
    })();
    try {
      await work();
    } finally {
      done.abort();
      await flushing;
    }
  }

  /** The current input has ended. */
  endAckGroup(): void {
    for (const pipeline of this.pipelines) pipeline.endAckGroup();
  }

  /** The current input was not read to its end, so its last group is incomplete. */
  abandonAckGroup(): void {
    for (const pipeline of this.pipelines) pipeline.abandonAckGroup();
  }

  /** Whether reading on is pointless, because nothing more can be delivered or kept. */
  get isPointless(): boolean {
    return this.pipelines.every(({ isOver, isStuck }) => isOver || isStuck);
  }

  /** Number of events whose fate is known, over all sinks; it only grows while they make progress. */
  get settled(): number {
    return this.tallies().reduce((sum, { delivered, already, dead }) => sum + delivered + already + dead, 0);
  }

  /** Whether events of this run wait for a sink. */
  get isWaiting(): boolean {
    return this.tallies().some((tally) => unaccounted(tally) > 0);
  }

  /** Whether sending fails because of a bug of portlog. */
  get isBroken(): boolean {
    return this.pipelines.some(({ isBroken }) => isBroken);
  }

  /** The name of a sink whose spool is full, if any. */
  get stuckSink(): string | undefined {
    return this.pipelines.find(({ isStuck }) => isStuck)?.sink.name;
  }

  /** Sends what is pending and waits until it is delivered, on disk or given up; more events may follow. */
  async drain(): Promise<void> {
    await this.commit();
    for (const pipeline of this.pipelines) await pipeline.drain();
  }

  /** Finishes every sink, even if one fails because of a bug. */
  async finish(): Promise<void> {
    await this.commit();
    const ends = await Promise.allSettled(this.pipelines.map((pipeline) => pipeline.finish()));
    const broken = ends.find((end) => end.status === 'rejected');
    if (broken !== undefined) throw broken.reason;
  }

  /** Renews what servers would forget (alerts in Alertmanager), where due. */
  async renew(): Promise<void> {
    await Promise.all(this.pipelines.map((pipeline) => pipeline.renew()));
  }

  /** Closes all sinks; nothing more is sent. */
  async close(): Promise<void> {
    await Promise.allSettled(this.pipelines.map(({ sink }) => sink.close()));
  }

  /** The account of each sink so far. */
  report(): readonly SinkReport[] {
    return this.pipelines.map(sinkReport);
  }

  private tallies(): readonly Tally[] {
    return this.pipelines.flatMap(({ account: { tally, own, replayed } }) => [tally, own, replayed]);
  }

  private sums(): readonly RunSums[] {
    return this.pipelines.map(sumsOf);
  }

  /** Sends an event at once, in reading order, to the sinks that keep nothing. */
  private async pushAtOnce(event: LogEvent): Promise<void> {
    const keeping: SinkPipeline[] = [];
    for (const pipeline of this.pipelines) {
      if (pipeline.spoolWriter === undefined) await sendAtOnce(pipeline, event);
      else keeping.push(pipeline);
    }
    if (keeping.length > 0) this.outbox.add({ pipelines: keeping, make: () => [event] });
    if (this.outbox.isFull) await this.commit();
  }
}

function sumsOf({ sink, account: { tally, own, replayed }, failure, health }: SinkPipeline): RunSums {
  const isFailing = failure !== undefined || health.blocked !== undefined;
  const wasTried = [tally, own, replayed].some(({ delivered, dead, spooled, discarded }) => delivered + dead + spooled + discarded > 0);
  const sums = { sink: sink.name, key: sinkKey(sink.identity), acknowledges: sink.acknowledges !== false, tally, own, replayed };
  return isFailing || wasTried ? { ...sums, failing: isFailing } : sums;
}

/** Sends one event to a sink that keeps nothing, after everything that was pushed before. */
async function sendAtOnce(pipeline: SinkPipeline, event: LogEvent): Promise<void> {
  await pipeline.flush();
  await pipeline.sendDraft(pipeline.draft([event]), false);
}
