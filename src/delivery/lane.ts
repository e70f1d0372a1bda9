import type { Clock } from '../clock.ts';
import type { LogEvent } from '../event/event.ts';
import { type Batch, type Entry, type Outcome, type Sink, SinkError } from '../sink/sink.ts';
import type { DeadLetter, DeadLetters } from './dead-letters.ts';
import { backoffMs } from './retry.ts';
import { newTally, type Tally } from './tally.ts';

export interface LaneOptions {
  readonly clock: Clock;
  readonly deadLetters: DeadLetters;
  /** How long a batch is tried again before its events become dead letters, in milliseconds. */
  readonly retryForMs: number;
  /** How long a batch waits for more events, in milliseconds; then it goes as it is. */
  readonly maxAgeMs: number;
  /** Aborted: no more waiting, what cannot be sent at once is kept. */
  readonly signal: AbortSignal;
}

/** A batch that still takes events; `since` when the first one came. */
interface OpenBatch {
  readonly entries: Entry[];
  bytes: number;
  readonly since: number;
}

/** One sink with its queue, its retries and its account. */
export class Lane {
  readonly sink: Sink;
  readonly tally: Tally;
  /** The error that closed this lane, if any: everything after it was not even tried. */
  failure: SinkError | undefined;
  /** The server's reason for the first event that it rejected. */
  firstRejection: string | undefined;

  private readonly options: LaneOptions;
  private readonly open = new Map<string, OpenBatch>();
  private readonly inFlight = new Set<Promise<void>>();
  /** What went wrong while sending in the background; thrown by the next call. */
  private fatal: unknown;

  constructor(sink: Sink, options: LaneOptions) {
    this.sink = sink;
    this.options = options;
    this.tally = newTally(sink.name);
  }

  /** Takes an event. A promise means: wait for it before the next one. */
  push(event: LogEvent): Promise<void> | undefined {
    if (!this.sink.accepts(event.dataset)) return undefined;
    this.tally.read++;
    const encoded = this.sink.encode(event);
    if ('refused' in encoded) {
      const entry: Entry = { id: event.id, dataset: event.dataset, parts: [], bytes: 0, partition: '' };
      this.bury([{ entry, reason: encoded.refused }]);
      return undefined;
    }
    return this.add({ id: event.id, dataset: event.dataset, ...encoded });
  }

  /** Sends batches that have waited long enough. */
  async flushOld(): Promise<void> {
    const now = this.options.clock.now();
    for (const [partition, { since }] of this.open) if (now - since >= this.options.maxAgeMs) await this.start(partition);
  }

  /** Sends what is left and waits until every event has its fate. */
  async finish(): Promise<void> {
    for (const partition of this.open.keys()) await this.start(partition);
    while (this.inFlight.size > 0) await Promise.all(this.inFlight);
    if (this.fatal !== undefined) throw this.fatal;
  }

  private add(entry: Entry): Promise<void> | undefined {
    const { maxEvents, maxBytes } = this.sink.limits;
    const current = this.open.get(entry.partition);
    const full = current !== undefined && current.bytes + entry.bytes > maxBytes;
    const wait = full ? this.start(entry.partition) : undefined;
    const batch = current === undefined || full ? this.begin(entry.partition) : current;
    batch.entries.push(entry);
    batch.bytes += entry.bytes;
    return wait ?? (batch.entries.length >= maxEvents ? this.start(entry.partition) : undefined);
  }

  private begin(partition: string): OpenBatch {
    const batch: OpenBatch = { entries: [], bytes: 0, since: this.options.clock.now() };
    this.open.set(partition, batch);
    return batch;
  }

  /**
   * Puts the open batch of a partition on its way as soon as there is a place for it. Whoever waits
   * longest goes first, so a sink that takes one batch at a time gets them in order.
   */
  private async start(partition: string): Promise<void> {
    const batch = this.open.get(partition);
    if (batch === undefined) return;
    this.open.delete(partition);
    while (this.inFlight.size >= this.sink.limits.inFlight) await Promise.race(this.inFlight);
    const sending = this.send({ partition, entries: batch.entries, bytes: batch.bytes })
      .catch((error: unknown) => {
        this.fatal ??= error;
      })
      .finally(() => this.inFlight.delete(sending));
    this.inFlight.add(sending);
    if (this.fatal !== undefined) throw this.fatal;
  }

  private async send(whole: Batch): Promise<void> {
    const { clock, retryForMs, signal } = this.options;
    const deadline = clock.now() + retryForMs;
    let batch = whole;
    for (let attempt = 1; batch.entries.length > 0; attempt++) {
      if (this.failure !== undefined) return this.giveUp(batch.entries, this.failure.message);
      const outcome = await this.attempt(batch);
      if (outcome instanceof SinkError) {
        if (outcome.kind !== 'temporary') return this.fail(outcome, batch);
      } else {
        this.count(outcome);
        if (outcome.split === true) return this.halve(outcome.retry);
        batch = batchOf(outcome.retry, whole.partition);
        if (batch.entries.length === 0) return;
      }
      const wait = backoffMs(attempt, clock.random(), outcome.retryAfterMs);
      if (signal.aborted || clock.now() + wait > deadline) return this.outOfTime(outcome, batch);
      await clock.sleep(wait, signal);
    }
  }

  private async attempt(batch: Batch): Promise<Outcome | SinkError> {
    try {
      return await this.sink.send(batch, this.options.signal);
    } catch (error) {
      if (error instanceof SinkError) return error;
      throw error;
    }
  }

  private count(outcome: Outcome): void {
    this.tally.delivered += outcome.delivered;
    this.tally.already += outcome.already;
    if (outcome.rejected.length > 0) this.bury(outcome.rejected);
  }

  private outOfTime(outcome: Outcome | SinkError, batch: Batch): void {
    if (outcome instanceof SinkError) return this.fail(outcome, batch);
    this.giveUp(batch.entries, 'the server was too busy for as long as it was tried');
  }

  private fail(error: SinkError, batch: Batch): void {
    this.failure ??= error;
    this.giveUp(batch.entries, error.message);
  }

  private async halve(entries: readonly Entry[]): Promise<void> {
    const [only] = entries;
    if (entries.length === 1 && only !== undefined)
      return this.bury([{ entry: only, reason: 'the server finds this single event too large', status: 413 }]);
    const middle = Math.ceil(entries.length / 2);
    for (const half of [entries.slice(0, middle), entries.slice(middle)]) await this.send(batchOf(half, half[0]?.partition ?? ''));
  }

  private giveUp(entries: readonly Entry[], reason: string): void {
    this.bury(entries.map((entry) => ({ entry, reason })));
  }

  /** Keeps events that cannot be delivered, and only then counts them. */
  private bury(letters: readonly DeadLetter[]): void {
    if (this.sink.undeliverable === 'discard') {
      this.tally.discarded += letters.length;
      return;
    }
    this.firstRejection ??= letters[0]?.reason;
    this.options.deadLetters.add(letters);
    this.tally.dead += letters.length;
  }
}

function batchOf(entries: readonly Entry[], partition: string): Batch {
  return { partition, entries, bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0) };
}
