import { type Clock, systemClock } from '../../core/clock.ts';
import { tenantHeaders } from '../transport/credentials.ts';
import { inHalves, mergedOutcome, NOTHING, refusedAsOne } from '../outcome.ts';
import type { Batch, Entry, Outcome } from '../sink.ts';
import { BufferPool } from '../transport/body.ts';
import type { HttpClient } from '../transport/http.ts';
import { type EntryErrors, entryErrorsIn, isStored, isTooLarge, lokiRefusal, PUSH, rateLimitIn } from './answer.ts';
import { lineOf, lokiBody, shortenedParts } from './entry.ts';
import { carriesSendTime, lateStream } from './stream.ts';

/**
 * A request may have 4 MiB of protobuf. Loki accepts entries up to an hour older than the newest one of the stream, so requests may overtake
 * each other as long as they lie within half of that; one request per stream at a time would take three times as long.
 */
export const LIMITS = { maxEvents: 2000, maxBytes: 1 << 20, inFlight: 4, inFlightPerPartition: 4, unorderedWithinMs: 30 * 60_000 };
/** `max_line_size`, 256 KiB: https://grafana.com/docs/loki/latest/configure/#limits_config */
const DEFAULT_MAX_LINE_BYTES = 256 << 10;
/** Events committed longer ago get a new time: a repeated alert is harmless, a missed one is not. */
const STALE_MS = 10 * 60_000;

/** Push requests to one Loki. Its refusals contain its limits, to which entries are adapted from then on. */
export class PushRequests {
  private readonly client: HttpClient;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly clock: Clock;
  private readonly scratch = new BufferPool(2 * LIMITS.maxBytes);
  /** Entries outside of Loki's time window, with their replacement time. */
  private readonly late = new WeakMap<Entry, number>();
  /** Entries whose line was too long, shortened. */
  private readonly shortened = new WeakMap<Entry, readonly string[]>();
  /** Limit of a line in bytes: Loki's default, or the one from a refusal. */
  private maxLineBytes = DEFAULT_MAX_LINE_BYTES;
  /** Maximum age of entries, known once Loki has refused one. */
  private maxAgeMs = Number.POSITIVE_INFINITY;

  constructor(client: HttpClient, tenant: string | undefined, clock = systemClock) {
    this.client = client;
    this.headers = tenantHeaders(tenant);
    this.clock = clock;
  }

  async send({ entries, partition }: Batch, signal: AbortSignal): Promise<Outcome> {
    const now = this.clock.now();
    for (const entry of entries) {
      if (!this.late.has(entry) && now - timeOf(entry, now) > this.maxAgeMs) this.late.set(entry, now);
      // One that cannot be shortened enough is sent as it is, and refused by Loki.
      if (entry.bytes > this.maxLineBytes) this.shorten(entry);
    }
    const onTime = entries.filter((entry) => !this.late.has(entry));
    const restamped = entries.filter((entry) => this.late.has(entry));
    return mergedOutcome(await this.push(partition, onTime, signal), await this.push(lateStream(partition), restamped, signal));
  }

  /** One request. A 400 names refused entries; the rest is stored but sent again, which Loki deduplicates. */
  private async push(stream: string, entries: readonly Entry[], signal: AbortSignal): Promise<Outcome> {
    if (entries.length === 0) return NOTHING;
    const now = this.clock.now();
    const body = this.body(stream, entries, now);
    const answer = await this.client.request({ method: 'POST', path: PUSH, body, headers: this.headers }, signal);
    // With any other status, the answer may have come before the whole body was read, so the buffer is not used again.
    if (answer.status === 204) this.scratch.release(body);
    if (isStored(answer)) return { ...NOTHING, delivered: entries.length, restamped: entries.filter((entry) => this.late.has(entry)).length };
    if (isTooLarge(answer)) return inHalves(entries);
    const refusal = lokiRefusal(this.client.url, answer);
    if (refusal !== undefined) throw refusal;
    if (answer.status === 429)
      return { ...NOTHING, retry: entries, retryAfterMs: answer.retryAfterMs ?? 0, split: body.length > (rateLimitIn(answer.body) ?? body.length) };
    return this.adapted(entries, answer.body, now);
  }

  private body(stream: string, entries: readonly Entry[], now: number): Buffer {
    const stamped = entries.map((entry) => ({
      parts: this.partsOf(entry),
      time: this.late.get(entry) ?? timeOf(entry, now),
      scanTime: this.late.has(entry) ? entry.time : undefined,
    }));
    return lokiBody(stream, stamped, this.scratch);
  }

  /** The outcome of a refusal: entries that are too long are shortened, and those outside of the time window get another time. */
  private adapted(entries: readonly Entry[], body: string, now: number): Outcome {
    const errors = entryErrorsIn(body);
    const refusal = { reason: body.trim().slice(0, 500), status: 400 };
    this.maxLineBytes = Math.min(this.maxLineBytes, errors.maxLineBytes ?? this.maxLineBytes);
    if (errors.oldest !== undefined && errors.isAboutAge) this.maxAgeMs = Math.min(this.maxAgeMs, now - errors.oldest);
    const tooLong = entries.filter((entry) => isTooLong(this.partsOf(entry), errors));
    const lost = new Set(tooLong.filter((entry) => !this.shorten(entry)));
    const outside = this.outside(entries, errors, now);
    if (outside.length === 0 && tooLong.length === 0) return refusedAsOne(entries, refusal);
    for (const entry of outside) this.late.set(entry, now);
    const rejected = [...lost].map((entry) => ({ entry, ...refusal }));
    return { ...NOTHING, retry: entries.filter((entry) => !lost.has(entry)), rejected, adapted: true };
  }

  private outside(entries: readonly Entry[], errors: EntryErrors, now: number): readonly Entry[] {
    const within = (graceMs: number): readonly Entry[] =>
      entries.filter((entry) => !this.late.has(entry) && isOutside(timeOf(entry, now), errors, graceMs));
    const found = within(0);
    // The limit is truncated to the second, so an entry of that very second may be refused, too.
    return found.length > 0 ? found : within(999);
  }

  /** Shortens the line of an entry; false when that was not possible. */
  private shorten(entry: Entry): boolean {
    const parts = shortenedParts(this.partsOf(entry), this.maxLineBytes);
    if (parts !== undefined) this.shortened.set(entry, parts);
    return parts !== undefined;
  }

  private partsOf(entry: Entry): readonly string[] {
    return this.shortened.get(entry) ?? entry.parts;
  }
}

function isTooLong(parts: readonly string[], { maxLineBytes }: EntryErrors): boolean {
  return maxLineBytes !== undefined && Buffer.byteLength(lineOf(parts)) > maxLineBytes;
}

function isOutside(time: number, { oldest, tooNew }: EntryErrors, graceMs: number): boolean {
  return (oldest !== undefined && time < oldest + graceMs) || (tooNew !== undefined && time >= tooNew);
}

/** The time of an entry: that of the scan, or for alert datasets when it was committed, or now if that was long ago. */
function timeOf({ dataset, time, queued }: Entry, now: number): number {
  if (!carriesSendTime(dataset)) return time;
  return now - queued > STALE_MS ? now : queued;
}
