import type { Clock } from '../core/clock.ts';
import { Deadline } from '../core/deadline.ts';
import { isMistake } from '../core/mistake.ts';
import { type Sink, SinkError } from '../sink/sink.ts';
import { type BatchOf, batchOf } from '../sink/batch.ts';
import type { Answered, Undelivered } from './answered.ts';
import { deliver } from './deliver.ts';
import { attemptLimitMs } from './attempt-limit.ts';
import type { SpoolWriter } from './spool-writer.ts';
import { backoffMs } from './backoff.ts';
import { HeldLease } from './held-lease.ts';
import type { LostBatch, SpooledBatch } from '../state/spool.ts';
import { MAX_BLOCKED, sendSuspects } from './suspects.ts';
import type { Queued } from '../state/queued.ts';

/** Attempts for the oldest batch before another one is tried, which shows whether the sink or the batch is to blame. */
const ATTEMPTS_AT_THE_HEAD = 2;

export interface SpoolReaderOptions {
  readonly clock: Clock;
  readonly retryForMs: number;
  readonly signal: AbortSignal;
  /** Number of events that the sink has accepted so far, directly or from the spool. */
  readonly accepted: () => number;
}

export interface SpoolReaderEvents {
  /** Resolves when nothing is in flight directly, to keep the order. */
  idle(): Promise<void>;
  /** Called when the sink has accepted events. */
  took(events: number): void;
  succeeded(): void;
  /** `since`: when the attempt began, by the clock's `elapsed`. */
  failed(error: SinkError, since: number): void;
  /** Called when the sink refuses some events until a person changes something there. */
  blocked(error: SinkError): void;
  /** Called when the server refuses an event: for good, or for now while it accepts others. */
  rejected(reason: string): void;
  /** Called when the end of the run waits for the sink. */
  waiting(): void;
  /** Called when no more of the spool is sent in this run. */
  stopped(): void;
}

/**
 * Sends what the spool holds for a sink, oldest first, one batch at a time, retrying with growing pauses while the sink fails
 * (an open circuit; each attempt is a probe).
 */
export class SpoolReader {
  private readonly sink: Sink;
  private readonly spoolWriter: SpoolWriter;
  private readonly options: SpoolReaderOptions;
  private readonly events: SpoolReaderEvents;
  private working: Promise<void> | undefined;
  /** The sink needs a person, or did not recover in time: another run sends the rest. */
  private over = false;
  private failingSince: number | undefined;
  private readonly lease: HeldLease;
  /** Everything was read, so waiting for the sink ends after `retryForMs`. */
  private finishing = false;
  private hasReported = false;
  private readonly evidence = { accepted: 0 };
  /** Blocked batches (see `Outcome.blocked`) in a row, while the sink accepted nothing. */
  private blockedInARow = 0;
  private readonly stopPausing = new AbortController();
  /** The time limit of the attempt in flight. */
  private deadline: Deadline | undefined;
  /** Whether anything was sent since the sink began to fail. */
  private hasTried = true;

  constructor(sink: Sink, spoolWriter: SpoolWriter, options: SpoolReaderOptions, events: SpoolReaderEvents) {
    this.sink = sink;
    this.spoolWriter = spoolWriter;
    this.options = options;
    this.events = events;
    this.lease = new HeldLease(spoolWriter, options.clock);
  }

  /** Whether batches have to go through the spool. */
  get active(): boolean {
    return this.over || this.isWorking;
  }

  /** Whether it is sending, or pausing between attempts. */
  get isWorking(): boolean {
    return this.working !== undefined;
  }

  /**
   * `failingSince`: when the sink began to fail, by the clock's `elapsed`. `hasTried`: it failed while sending; otherwise it only did not
   * answer a check, and gets one attempt, however late.
   */
  start(failingSince?: number, hasTried = true): void {
    if (this.active) return;
    this.failingSince = failingSince;
    this.hasTried = hasTried;
    this.working = this.work();
    // `finish` awaits it; until then an error must not count as unhandled.
    this.working.catch(() => undefined);
  }

  /** Resolves when the spool is empty, or nothing more can be sent in this run. */
  async finish(): Promise<void> {
    this.finishing = true;
    this.stopPausing.abort();
    this.deadline?.set(this.attemptMs);
    await this.working;
    if (!this.over)
      await sendSuspects(
        this.spoolWriter,
        { ...this.options, evidence: this.evidence },
        (spooled) => this.sendSuspect(spooled),
        (reason) => this.events.rejected(reason),
      );
  }

  private async work(): Promise<void> {
    try {
      await this.sendAll();
    } catch (error) {
      // The spool keeps what it holds.
      this.spoolWriter.noteFailure(error);
      this.stop();
    }
  }

  private async sendAll(): Promise<void> {
    const { clock, signal } = this.options;
    const untilFinish = AbortSignal.any([signal, this.stopPausing.signal]);
    await this.events.idle();
    // The first attempt was the direct one.
    if (this.failingSince !== undefined && this.hasTried) await clock.sleep(backoffMs(1, clock.random(), undefined), untilFinish);
    for (let failures = 0; !signal.aborted;) {
      const mayGo = this.lease.acquire();
      const head = mayGo ? this.spoolWriter.tables.spool.next() : undefined;
      if (mayGo && head === undefined) return this.becameEmpty();
      const result = head === undefined ? undefined : await this.sendHead(head, failures);
      if (result === 'over') return this.stop();
      if (result === 'sent') failures = 0;
      else {
        const wait = backoffMs(++failures, clock.random(), result?.retryAfterMs);
        this.failingSince ??= clock.elapsed();
        const isLate = this.isTooLate(wait);
        if (head !== undefined && (isLate || failures > ATTEMPTS_AT_THE_HEAD) && (await this.skipRefusedHead(head))) failures = 0;
        else if (isLate) return this.stop();
        else {
          this.reportWaiting();
          await clock.sleep(wait, this.finishing ? signal : untilFinish);
        }
      }
    }
    this.stop();
  }

  /**
   * Sends the oldest batch, after so many failures in a row. `sent`: that, or another one that shows that the sink works; `over`: this run sends
   * no more; an error: it may be tried again.
   */
  private async sendHead(head: SpooledBatch | LostBatch, failures: number): Promise<'sent' | 'over' | SinkError> {
    // After failing for that long, do not try it once more (which can take a minute): another batch shows whether it was to blame.
    if (failures === 0 && this.hasTried && this.isTooLate(0)) return (await this.skipRefusedHead(head)) ? 'sent' : 'over';
    const error = await this.send(head);
    if (error === undefined) return 'sent';
    if (error.kind === 'temporary') return error;
    return isMistake(error) && (await this.skipRefusedHead(head)) ? 'sent' : 'over';
  }

  /** Sends one batch. Returns why the sink failed, if it did. */
  private async send(next: SpooledBatch | LostBatch): Promise<SinkError | undefined> {
    if (!('batch' in next)) {
      this.spoolWriter.setAside(next);
      return undefined;
    }
    const left = await this.sendBatch(next, this.options.retryForMs);
    if (left?.isBlocked === true) return this.moveBlockedBehind(next, left);
    if (left?.refused === true) {
      if (left.refusal !== undefined) this.events.rejected(left.refusal.reason);
      this.spoolWriter.putBehind({ ...next, batch: batchOf(left.entries, next.batch.partition) });
    }
    if (left === undefined || left.refused === true) {
      this.failingSince = undefined;
      this.events.succeeded();
      return undefined;
    }
    this.failingSince ??= left.since;
    this.events.failed(left.error, left.since);
    return left.error;
  }

  /** Moves a blocked batch behind the others, which the sink may accept. When it accepts none of those either, returns why. */
  private moveBlockedBehind(spooled: SpooledBatch, { entries, error, since }: Undelivered<Queued>): SinkError | undefined {
    this.events.blocked(error);
    this.spoolWriter.putBehind({ ...spooled, batch: batchOf(entries, spooled.batch.partition) });
    this.failingSince = undefined;
    if (this.options.accepted() > 0 || ++this.blockedInARow < MAX_BLOCKED) return undefined;
    this.events.failed(error, since);
    return error;
  }

  /**
   * Moves the oldest batch behind the others if the sink accepts the next one; true when it did. Not for sinks that keep an
   * order, because a sink that recovers at that moment would get batches out of order.
   */
  private async skipRefusedHead(head: SpooledBatch | LostBatch): Promise<boolean> {
    if (this.sink.limits.inFlightPerPartition === 1) return false;
    const probe = this.spoolWriter.tables.spool.next(head.seq);
    if (!('batch' in head) || probe === undefined || !('batch' in probe)) return false;
    const before = this.options.accepted();
    if ((await this.sendBatch(probe, 0)) !== undefined || this.options.accepted() === before) return false;
    this.spoolWriter.putBehind(head);
    this.failingSince = undefined;
    this.events.succeeded();
    return true;
  }

  private async sendBatch(spooled: SpooledBatch, retryForMs: number): Promise<Undelivered<Queued> | undefined> {
    const answered: Answered<Queued>[] = [];
    const lost: Queued[] = [];
    const stillOurs = (batch: BatchOf<Queued>): BatchOf<Queued> => {
      if (this.lease.covers(spooled.seq)) return batch;
      lost.push(...batch.entries);
      return batchOf([], batch.partition);
    };
    this.spoolWriter.beingSent = spooled.seq;
    this.hasTried = true;
    this.deadline = new Deadline(this.attemptMs, this.options.signal);
    const left = await deliver<Queued>(this.sink, spooled.batch, { ...this.options, signal: this.deadline.signal, retryForMs, stillOurs }, (one) => {
      answered.push(one);
      this.events.took(one.done.length);
      for (const { reason } of one.rejected.slice(0, 1)) this.events.rejected(reason);
    }).finally(() => {
      this.deadline?.end();
      this.deadline = undefined;
    });
    this.spoolWriter.beingSent = undefined;
    if (lost.length > 0) return void this.spoolWriter.recordSpooledAnswer(spooled, answered, { entries: [...lost, ...(left?.entries ?? [])] });
    if (this.spoolWriter.recordSpooledAnswer(spooled, answered, left)) return left;
    // It was sent but could not be deleted from disk: stop, instead of sending it again and again.
    return {
      entries: [],
      error: new SinkError('permanent', `what was delivered to ${this.sink.name} could not be deleted from the spool`),
      since: this.options.clock.elapsed(),
    };
  }

  /** Sends one of the batches that were moved behind the others. */
  private async sendSuspect(spooled: SpooledBatch): Promise<Undelivered<Queued> | undefined> {
    const left = await this.sendBatch(spooled, 0);
    if (left?.isBlocked === true) this.events.blocked(left.error);
    if (left?.isBlocked === true || left?.refusal !== undefined || left === undefined) this.failingSince = undefined;
    else this.failingSince ??= left.since;
    return left;
  }

  /** Time limit of the next attempt; it applies while the end of the run waits. */
  private get attemptMs(): number {
    const { clock, retryForMs } = this.options;
    const since = this.finishing ? this.failingSince : undefined;
    return attemptLimitMs({ since, retryForMs, answerMs: this.sink.answerMs }, clock.elapsed());
  }

  private isTooLate(wait: number): boolean {
    const { clock, retryForMs } = this.options;
    return this.finishing && this.failingSince !== undefined && clock.elapsed() + wait > this.failingSince + retryForMs;
  }

  private reportWaiting(): void {
    if (!this.finishing || this.hasReported) return;
    this.hasReported = true;
    this.events.waiting();
  }

  /**
   * Called when the spool is empty. Synchronous, so that no batch is spooled that nobody would send. What other processes spool from now on,
   * they send.
   */
  private becameEmpty(): void {
    this.lease.release();
    this.failingSince = undefined;
    this.working = undefined;
    this.events.succeeded();
  }

  private stop(): void {
    this.lease.release();
    this.over = true;
    this.working = undefined;
    this.events.stopped();
  }
}
