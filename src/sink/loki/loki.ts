import { systemClock } from '../../core/clock.ts';
import type { LokiOptions } from './options.ts';
import { encoded, BufferPool } from '../transport/body.ts';
import { httpClient } from '../transport/http.ts';
import { checkLoki, type EntryErrors, entryErrorsIn, isStored, isTooLarge, lokiRefusal, rateLimitIn } from './answer.ts';
import { entryParts, lineOf, lokiBody, shortenedParts } from './entry.ts';
import { carriesSendTime, checkedLabels, lateStream, streamOf } from './stream.ts';
import { accepting, addressOf, scopeOf, urlOf, LOKI_URL } from '../options.ts';
import { shownAddress } from '../shown.ts';
import type { Entry, Outcome, Rejection, Sink } from '../sink.ts';

const PUSH = '/loki/api/v1/push';
/**
 * A request may have 4 MiB of protobuf. Loki accepts entries up to an hour older than the newest one of the stream, so requests may overtake
 * each other as long as they lie within half of that; one request per stream at a time would take three times as long.
 */
const LIMITS = { maxEvents: 2000, maxBytes: 1 << 20, inFlight: 4, inFlightPerPartition: 4, unorderedWithinMs: 30 * 60_000 };
/** `max_line_size`, 256 KiB: https://grafana.com/docs/loki/latest/configure/#limits_config */
const DEFAULT_MAX_LINE_BYTES = 256 << 10;
/** Events committed longer ago get a new time: a repeated alert is harmless, a missed one is not. */
const STALE_MS = 10 * 60_000;

/**
 * Loki's push API, one stream per request. Events about hosts, ports and findings carry the time of the scan; those that alert rules look at
 * carry the time of sending. Entries outside of Loki's time window go to a stream beside it (`late="true"`) with the time of sending, and
 * their own in the metadata `scan_time`.
 * https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs
 */
export function lokiSink(options: LokiOptions): Sink {
  const url = urlOf(options, LOKI_URL);
  const labels = checkedLabels(options.streamLabels ?? {});
  const headers: Readonly<Record<string, string>> = options.tenant === undefined ? {} : { 'x-scope-orgid': options.tenant };
  const { clock = systemClock } = options;
  const client = httpClient(options, url);
  /** Entries outside of Loki's time window, with their replacement time. */
  const late = new WeakMap<Entry, number>();
  /** Entries whose line was too long, shortened. */
  const shortened = new WeakMap<Entry, readonly string[]>();
  /** Limit of a line in bytes: Loki's default, or the one from a refusal. */
  let maxLineBytes = DEFAULT_MAX_LINE_BYTES;
  /** Maximum age of entries, known once Loki has refused one. */
  let maxAgeMs = Number.POSITIVE_INFINITY;
  const scratch = new BufferPool(2 * LIMITS.maxBytes);

  return {
    name: `loki ${shownAddress(url)}${shownBounds(options.tenant, labels)}`,
    identity: { type: 'loki', target: addressOf(url), scope: scopeOf({ tenant: options.tenant, labels: labelScope(labels) }, options) },
    limits: LIMITS,
    undeliverable: 'keep',
    accepts: accepting(options),
    encode: (event) => encoded(entryParts(event), streamOf(event, labels)),
    check: (signal) => checkLoki(client, PUSH, headers, signal),
    async send(batch, signal) {
      const now = clock.now();
      for (const entry of batch.entries) if (!late.has(entry) && now - timeOf(entry, now) > maxAgeMs) late.set(entry, now);
      // One that cannot be shortened enough is sent as it is, and refused by Loki.
      for (const entry of batch.entries) if (entry.bytes > maxLineBytes) shorten(entry);
      const onTime = batch.entries.filter((entry) => !late.has(entry));
      const restamped = batch.entries.filter((entry) => late.has(entry));
      const outcomes = [await push(batch.partition, onTime, signal), await push(lateStream(batch.partition), restamped, signal)];
      return outcomes.reduce(merged);
    },
    close: () => client.close(),
  };

  /** Shortens the line of an entry; false when that was not possible. */
  function shorten(entry: Entry): boolean {
    const parts = shortenedParts(shortened.get(entry) ?? entry.parts, maxLineBytes);
    if (parts !== undefined) shortened.set(entry, parts);
    return parts !== undefined;
  }

  /** One request. A 400 names refused entries; the rest is stored but sent again, which Loki deduplicates. */
  async function push(stream: string, entries: readonly Entry[], signal: AbortSignal): Promise<Outcome> {
    if (entries.length === 0) return NOTHING;
    const now = clock.now();
    const body = lokiBody(
      stream,
      entries.map((entry) => ({
        parts: shortened.get(entry) ?? entry.parts,
        time: late.get(entry) ?? timeOf(entry, now),
        scanTime: late.has(entry) ? entry.time : undefined,
      })),
      scratch,
    );
    const answer = await client.request({ method: 'POST', path: PUSH, body, headers }, signal);
    // With any other status, the answer may have come before the whole body was read, so the buffer is not used again.
    if (answer.status === 204) scratch.give(body);
    if (isStored(answer)) return { ...NOTHING, delivered: entries.length, restamped: entries.filter((entry) => late.has(entry)).length };
    if (isTooLarge(answer)) return { ...NOTHING, retry: entries, split: true };
    const refusal = lokiRefusal(url, answer);
    if (refusal !== undefined) throw refusal;
    if (answer.status === 429)
      return { ...NOTHING, retry: entries, retryAfterMs: answer.retryAfterMs ?? 0, split: body.length > (rateLimitIn(answer.body) ?? body.length) };
    return complained(entries, answer.body, now);
  }

  function complained(entries: readonly Entry[], body: string, now: number): Outcome {
    const complaint = entryErrorsIn(body);
    if (complaint.oldest !== undefined && complaint.isAboutAge) maxAgeMs = Math.min(maxAgeMs, now - complaint.oldest);
    const reason = body.trim().slice(0, 500);
    maxLineBytes = Math.min(maxLineBytes, complaint.maxLineBytes ?? maxLineBytes);
    const tooLong = entries.filter((entry) => isTooLong(shortened.get(entry) ?? entry.parts, complaint));
    const rejected = tooLong.filter((entry) => !shorten(entry)).map((entry): Rejection => ({ entry, reason, status: 400 }));
    const isLate = (entry: Entry, graceMs: number): boolean => !late.has(entry) && isOutside(timeOf(entry, now), complaint, graceMs);
    // The limit is truncated to the second, so an entry of that very second may be refused, too.
    const found = entries.filter((entry) => isLate(entry, 0));
    const outside = found.length > 0 ? found : entries.filter((entry) => isLate(entry, 999));
    for (const entry of outside) late.set(entry, now);
    const lost = new Set(rejected.map(({ entry }) => entry));
    const retry = entries.filter((entry) => !lost.has(entry));
    if (outside.length > 0 || tooLong.length > 0) return { ...NOTHING, retry, rejected, adapted: true };
    const [only] = entries;
    if (entries.length === 1 && only !== undefined) return { ...NOTHING, rejected: [{ entry: only, reason, status: 400 }] };
    return { ...NOTHING, retry, split: true };
  }
}

const NOTHING: Outcome = { delivered: 0, already: 0, retry: [], rejected: [] };

/** The part of a destination's name that distinguishes it from others at the same address, in messages, health events and metrics. */
function shownBounds(tenant: string | undefined, labels: Readonly<Record<string, string>>): string {
  const bounds = [
    ...(tenant === undefined ? [] : [`tenant ${tenant}`]),
    ...(Object.keys(labels).length === 0 ? [] : [`labels ${labelScope(labels)}`]),
  ];
  return bounds.length === 0 ? '' : ` (${bounds.join(', ')})`;
}

function labelScope(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}:${encodeURIComponent(value)}`)
    .join(',');
}

function merged(a: Outcome, b: Outcome): Outcome {
  const pauses = [a.retryAfterMs, b.retryAfterMs].filter((pause) => pause !== undefined);
  return {
    delivered: a.delivered + b.delivered,
    already: 0,
    restamped: (a.restamped ?? 0) + (b.restamped ?? 0),
    retry: [...a.retry, ...b.retry],
    rejected: [...a.rejected, ...b.rejected],
    split: a.split === true || b.split === true,
    adapted: a.adapted === true || b.adapted === true,
    ...(pauses.length === 0 ? {} : { retryAfterMs: Math.max(...pauses) }),
  };
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
