import type { LogEvent } from '../event/event.ts';
import type { BatchOf } from '../sink/batch.ts';
import type { Sink, SinkError } from '../sink/sink.ts';
import type { Queued } from '../state/queued.ts';
import type { WaitingSink } from '../state/store.ts';
import { Account } from './account.ts';
import { AckGroups } from './ack-group.ts';
import { AckGroupCursor } from './ack-group-cursor.ts';
import { Batcher } from './batcher.ts';
import { Dispatcher } from './dispatcher.ts';
import { batchesToSend, type Draft } from './draft.ts';
import { type Admitted, Intake } from './intake.ts';
import type { QueuedBatch } from './queued-batch.ts';
import { renderedBatch } from './rendered.ts';
import { SinkHealth } from './sink-health.ts';
import type { SinkPipelineOptions } from './sink-pipeline-options.ts';
import { SpoolWriter } from './spool-writer.ts';
import type { Unanswered } from './unanswered.ts';
import { RenewalTimer } from './renewal-timer.ts';

/** One sink with its own pace and account: events become batches here, and a {@link Dispatcher} sends or spools them. */
export class SinkPipeline {
  readonly sink: Sink;
  readonly account = new Account();
  readonly health: SinkHealth;
  /** The spool of this sink; undefined when it discards undelivered events. */
  readonly spoolWriter: SpoolWriter | undefined;

  private readonly options: SinkPipelineOptions;
  private readonly batcher: Batcher<Queued>;
  private readonly cursor: AckGroupCursor | undefined;
  private readonly intake: Intake;
  private readonly renewalTimer: RenewalTimer;
  private readonly dispatcher: Dispatcher;

  constructor(sink: Sink, options: SinkPipelineOptions) {
    const { clock, store, again = false } = options;
    const groups = new AckGroups();
    let after = 0;
    this.sink = sink;
    this.options = options;
    this.health = new SinkHealth(clock);
    this.batcher = new Batcher(sink.limits);
    if (store !== undefined && sink.undeliverable === 'keep') {
      this.spoolWriter = new SpoolWriter(sink, store, clock, groups, this.account);
      const { ledger, memory } = this.spoolWriter.tables;
      sink.renewal?.remember(memory);
      after = again ? ledger.last() : 0;
      this.cursor = new AckGroupCursor(groups, ledger, after);
    }
    const { account, health, spoolWriter, cursor } = this;
    this.dispatcher = new Dispatcher({ sink, options, account, health, groups, after, spoolWriter, flushAll: () => this.flushAll() });
    this.renewalTimer = new RenewalTimer(sink, options, health);
    this.intake = new Intake(sink, account, clock, { groups, cursor, spoolWriter });
  }

  /**
   * Starts sending what earlier runs left in the spool, and dead letters when these are to be retried. `takeOver`: other sinks of the same
   * kind, whose waiting events move to this one. `unanswered`: set when the sink did not answer a check.
   */
  start(retryDeadLetters: boolean, takeOver: readonly WaitingSink[], unanswered?: Unanswered): void {
    const { spoolWriter, sink } = this;
    if (spoolWriter === undefined) return;
    if (unanswered !== undefined) this.health.failed(unanswered.error, unanswered.since);
    if (retryDeadLetters) spoolWriter.retryDeadLetters(sink.limits);
    spoolWriter.takeOver(takeOver, retryDeadLetters ? sink.limits.maxEvents : undefined);
    if (spoolWriter.expire()) this.dispatcher.startSpool();
  }

  /** Renews what the server would forget, when due. */
  async renew(): Promise<void> {
    if ((await this.renewalTimer.look()) && !this.dispatcher.isSpooling) this.dispatcher.succeeded();
  }

  /** How long a full queue may hold up reading before it goes to disk, in milliseconds. */
  set patienceMs(milliseconds: number) {
    this.dispatcher.patienceMs = milliseconds;
  }

  /** Why the sink fails now. */
  get failure(): SinkError | undefined {
    return this.health.failure;
  }

  /** The server's reason for the first event that it rejected. */
  get firstRejection(): string | undefined {
    return this.health.firstRejection;
  }

  /** Nothing can be delivered or kept any more, so reading for this sink is pointless. */
  get isOver(): boolean {
    return this.failure?.kind === 'closed' || this.spoolWriter?.fatal !== undefined;
  }

  /** Whether it takes events as fast as they come, judged by the last attempt. */
  get isKeepingUp(): boolean {
    return this.failure === undefined && !this.dispatcher.isSpooling;
  }

  /** The spool is full and the sink takes nothing: reading must end. */
  get isStuck(): boolean {
    return this.spoolWriter?.stuck ?? false;
  }

  /** Sending fails because of a bug of portlog. */
  get isBroken(): boolean {
    return this.dispatcher.isBroken;
  }

  /** Takes an event. If a promise is returned, await it before the next call. */
  push(event: LogEvent): Promise<void> | undefined {
    if (this.dispatcher.isWaitingForOthers && !this.cursor?.isAt(event.ackGroup)) return this.dispatcher.othersDone().then(() => this.push(event));
    const admitted = this.intake.admit(event);
    if (admitted === undefined || !this.count(admitted)) return undefined;
    const batch = this.batcher.add(admitted.entry, this.options.clock.elapsed());
    return batch && this.dispatcher.dispatch(this.numbered(batch));
  }

  /** Takes events that a thread has rendered. Resolves when `body` may be reused. */
  async pushRendered(events: number, body: Uint8Array): Promise<void> {
    await this.flush();
    this.account.read(this.account.tally, events);
    await this.dispatcher.dispatch(this.numbered(renderedBatch(events, body)));
    await this.drain();
  }

  /** Encodes events, each its own acknowledgement group, without sending or counting them. */
  draft(events: readonly LogEvent[]): Draft {
    const admitted = events.flatMap((event) => {
      const one = this.intake.admit(event);
      this.endAckGroup();
      return one ?? [];
    });
    const batches = batchesToSend(admitted, this.account.ofThisRun, this.sink.limits);
    return { admitted, batches: batches.map((batch) => this.numbered(batch)) };
  }

  /** Writes a draft to the spool, within the surrounding transaction. */
  commit({ batches }: Draft): void {
    for (const batch of batches) this.spoolWriter?.commit(batch);
  }

  /** Counts and sends a draft. `stored`: it was committed to the spool. */
  async sendDraft({ admitted, batches }: Draft, stored: boolean): Promise<void> {
    for (const one of admitted) this.count(one);
    for (const batch of batches) await this.dispatcher.dispatch({ ...batch, stored: stored && this.spoolWriter !== undefined });
  }

  /** True when the event is to be sent. */
  private count(admitted: Admitted): boolean {
    this.health.firstRejection ??= admitted.refused;
    return this.intake.count(admitted);
  }

  private numbered(batch: BatchOf<Queued>): QueuedBatch {
    return { seq: this.spoolWriter?.nextSeq() ?? 0, batch, stored: false };
  }

  /** Sends all pending batches, or those older than `ageMs`. */
  async flush(ageMs?: number): Promise<void> {
    const old = this.batcher.takeOlderThan(ageMs === undefined ? Number.POSITIVE_INFINITY : this.options.clock.elapsed() - ageMs);
    // All at once: otherwise a batch that fills up meanwhile could overtake an older one of its partition.
    await Promise.all(old.map(async (batch) => this.dispatcher.dispatch(this.numbered(batch))));
  }

  private async flushAll(): Promise<void> {
    this.endAckGroup();
    await this.flush();
    this.spoolWriter?.enterKnown();
  }

  /** No more events of the current acknowledgement group will come. */
  endAckGroup(): void {
    this.cursor?.end();
  }

  /** The current acknowledgement group stays incomplete: shipped again, all of it is sent again. */
  abandonAckGroup(): void {
    this.cursor?.abandon();
  }

  /** Sends what is pending and waits until it is delivered, on disk or given up. */
  async drain(): Promise<void> {
    await this.flushAll();
    await this.dispatcher.drained();
  }

  /** {@link drain}, then waits for the spool as long as the sink makes progress. */
  async finish(): Promise<void> {
    await this.drain();
    await this.dispatcher.finishSpool();
  }
}
