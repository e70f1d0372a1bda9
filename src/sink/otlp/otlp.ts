import { DEFAULT_MAX_EVENT_BYTES, type OtlpOptions } from './options.ts';
import { otlpFrame, otlpOrigin, otlpRecord } from '../../event/otel.ts';
import { isTaken, refusesPath, unknownAnswer } from '../transport/answer.ts';
import { encoded, BufferPool, writeParts } from '../transport/body.ts';
import { type HttpAnswer, httpClient } from '../transport/http.ts';
import { behindStatus, busy, redirection, wrongCredentials } from '../transport/refusal.ts';
import { partialSuccessIn, wordsIn } from './answer.ts';
import { accepting, addressOf, OTLP_URL, scopeOf, tenantHeaders, urlOf } from '../options.ts';
import { allDelivered, inHalves, NOTHING, refusedAsOne } from '../outcome.ts';
import { shownAddress } from '../shown.ts';
import { type Batch, type Diagnosis, type Outcome, type Sink, SinkError } from '../sink.ts';

/** Small, because a receiver may reject some records of a request without saying which. */
const LIMITS = { maxEvents: 500, maxBytes: DEFAULT_MAX_EVENT_BYTES, inFlight: 4, inFlightPerPartition: 4 };
/** The path that the specification appends to a base URL. */
const PATH = '/v1/logs';
/** https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Status codes by which receivers refuse the encoding of a request; VictoriaLogs answers JSON with 400, others with 415. */
const REFUSES_FORM: ReadonlySet<number> = new Set([400, 406, 415, 422, 500, 501]);

/** Error texts of a 400 about the encoding, which would apply to any other request, too. */
const ABOUT_FORM =
  /(?:json|protobuf|encoding|content.?type)[^.]{0,60}(?:not|isn't|un)\s?(?:supported|allowed|known)|unsupported (?:content|encoding|media)/i;

/** A request without records. */
const EMPTY: Batch = { partition: '{}\n{}', entries: [], bytes: 0 };

/** One of the two forms that a request may have. */
export interface OtlpEncoding {
  readonly name: 'json' | 'protobuf';
  readonly contentType: string;
  /** Encodes a request with these entries, into a buffer of `scratch` or a new one. */
  request(batch: Batch, scratch: BufferPool): Buffer;
}

/** https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
export const JSON_ENCODING: OtlpEncoding = {
  name: 'json',
  contentType: 'application/json',
  request({ partition, entries }, scratch) {
    if (entries.length === 0) return Buffer.from('{"resourceLogs":[]}');
    const [head, tail] = otlpFrame(partition);
    const pieces = [head, ...entries.flatMap(({ parts }, i) => (i === 0 ? parts : [',', ...parts])), tail];
    const body = scratch.take(pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0));
    return body.subarray(0, writeParts(body, pieces, 0));
  },
};

/**
 * Any receiver of OTLP over HTTP: the OpenTelemetry Collector, Loki (`http://loki:3100/otlp`), and most vendors.
 * Entries are JSON, whatever the encoding of the requests that carry them. `check` tries the `other` encoding where this one is refused.
 */
export function otlpSink(options: OtlpOptions, encoding: OtlpEncoding, other: OtlpEncoding): Sink {
  const url = urlOf(options, OTLP_URL);
  const client = httpClient(options, url);
  const headers = tenantHeaders(options.tenant);
  const path = url.pathname.endsWith(PATH) ? '' : PATH;
  const scratch = new BufferPool(LIMITS.maxBytes);
  let hasTaken = false;

  async function post(batch: Batch, signal: AbortSignal, form = encoding): Promise<HttpAnswer> {
    const body = form.request(batch, scratch);
    const answer = await client.request({ method: 'POST', path, body, contentType: form.contentType, headers }, signal);
    // With any other status, the answer may have come before the whole body was read, so the buffer is not used again.
    if (isTaken(answer.status)) scratch.give(body);
    return answer;
  }

  async function diagnose(signal: AbortSignal): Promise<Diagnosis> {
    const answer = await post(EMPTY, signal);
    if (takesEmpty(url, answer)) return { level: 'ok', message: `${url.origin} takes OTLP in ${encoding.name}` };
    if (REFUSES_FORM.has(answer.status) && takesEmpty(url, await post(EMPTY, signal, other)))
      return {
        level: 'error',
        message: `${url.origin} takes OTLP in ${other.name}, and not in ${encoding.name} (${answer.status}${said(answer)})`,
        hint: `set encoding: ${other.name} for this sink in the configuration`,
      };
    if (RETRYABLE.has(answer.status)) throw busy(url, answer, said(answer));
    if ((answer.status !== 400 && answer.status !== 422) || refusesPath(answer.status, answer.body)) throw refusal(url, answer);
    return {
      level: 'warning',
      message: `${url.origin} does not take a request without records (${answer.status}${said(answer)}); whether it takes events, only an event can tell`,
      hint: 'send one scan, and look at the sum',
    };
  }

  return {
    name: `otlp ${shownAddress(url)}${options.tenant === undefined ? '' : ` (tenant ${options.tenant})`}`,
    identity: { type: 'otlp', target: addressOf(url), scope: scopeOf({ tenant: options.tenant }, options) },
    limits: { ...LIMITS, maxEventBytes: options.maxEventBytes ?? DEFAULT_MAX_EVENT_BYTES },
    undeliverable: 'keep',
    accepts: accepting(options),
    encode: (event) => encoded([otlpRecord(event)], otlpOrigin(event)),
    async check(signal) {
      return [await diagnose(signal)];
    },
    async send(batch, signal) {
      const answer = await post(batch, signal);
      // Only for the first request: in later answers the text may come from an event.
      if (!hasTaken && refusesPath(answer.status, answer.body)) throw refusal(url, answer);
      const outcome = outcomeOf(url, batch, answer);
      hasTaken ||= outcome.delivered > 0;
      return outcome;
    },
    close: () => client.close(),
  };
}

function outcomeOf(url: URL, batch: Batch, answer: HttpAnswer): Outcome {
  const { status } = answer;
  const { entries } = batch;
  if (isTaken(status)) return partialSuccess(url, batch, answer);
  if (status === 413) return inHalves(entries);
  if (RETRYABLE.has(status)) throw busy(url, answer, said(answer));
  if (status === 415 || (status === 400 && ABOUT_FORM.test(answer.body))) throw otherForm(url, answer);
  // Bad data: the same request would fail again, but halving it finds the bad record. Loki has stored the others by then, and recognises them.
  const isTooLarge = status === 500 && /larger than max/.test(answer.body);
  if (status !== 400 && status !== 500) throw refusal(url, answer);
  const why = { reason: wordsIn(answer) || `status ${status}`, status };
  if (status === 400 || isTooLarge || entries.length > 1) return refusedAsOne(entries, why);
  // Not retryable either. A Collector answers this when its exporter can never pass on a record, or can pass on nothing at all.
  return { ...NOTHING, retry: entries, setAside: true, refusal: why };
}

/**
 * Some records were rejected for good, and the specification forbids a retry ("The client MUST NOT retry"), but the answer does not say which.
 * So none counts as delivered, all are kept, and the reason says what is known.
 * https://opentelemetry.io/docs/specs/otlp/#partial-success-1
 */
function partialSuccess(url: URL, batch: Batch, answer: HttpAnswer): Outcome {
  const { entries } = batch;
  const { rejected, message } = partialSuccessIn(url, answer);
  if (rejected === 0) return allDelivered(batch);
  if (rejected > entries.length) throw unknownAnswer(url.origin, `it rejects ${rejected} records of a request that has ${entries.length}`);
  const which = entries.length === 1 ? '' : `${rejected} of the ${entries.length} records of this request, without saying which: `;
  const refusal = { reason: `rejected ${which}${message.slice(0, 500)}`, status: answer.status };
  return { ...NOTHING, rejected: entries.map((entry) => ({ entry, ...refusal })) };
}

/** Whether the receiver understood an empty request; an error about its being empty also shows that. */
function takesEmpty(url: URL, answer: HttpAnswer): boolean {
  if (isTaken(answer.status)) return partialSuccessIn(url, answer).rejected === 0;
  return (answer.status === 400 || answer.status === 422) && /empty|no (?:logs|records)|at least one/i.test(answer.body);
}

function otherForm(url: URL, answer: HttpAnswer): SinkError {
  return new SinkError('permanent', `${url.origin} does not accept this encoding (${answer.status}${said(answer)})`, {
    hint: 'set encoding: json or protobuf in the configuration; portlog check says which',
  });
}

function refusal(url: URL, answer: HttpAnswer): SinkError {
  const { status } = answer;
  const where = url.origin;
  if (status === 401 || status === 403)
    return wrongCredentials(url, answer, said(answer), 'set PORTLOG_OTLP_BEARER, or PORTLOG_OTLP_USER and PORTLOG_OTLP_PASSWORD');
  const elsewhere = redirection(url, answer);
  if (elsewhere !== undefined) return elsewhere;
  if (status === 404 || status === 405 || refusesPath(status, answer.body))
    return new SinkError('permanent', `${where} does not accept OTLP at ${url.pathname} (${status}${said(answer)})`, {
      hint: 'check the URL: a base like http://collector:4318, http://loki:3100/otlp, http://victorialogs:9428/insert/opentelemetry',
    });
  if (status === 415) return otherForm(url, answer);
  // Not retryable by the specification, but about the receiver rather than the records: they wait for a person.
  return new SinkError(status >= 500 ? 'temporary' : 'permanent', `${where} refuses the request (${status}${said(answer)})`);
}

function said(answer: HttpAnswer): string {
  return behindStatus(wordsIn(answer));
}
