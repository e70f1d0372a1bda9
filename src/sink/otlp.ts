import { otlpFrame, otlpOrigin, otlpRecord } from '../event/otel.ts';
import { encoded, Scratch, writeParts } from './body.ts';
import { type HttpAnswer, httpClient, redirection } from './http.ts';
import { accepting, addressOf, OTLP_URL, scopeOf, type SinkOptions, urlOf, shownAddress } from './options.ts';
import { MAX_EVENT_BYTES, type Batch, type Diagnosis, type Outcome, type Sink, SinkError } from './sink.ts';

/** Small enough that a receiver which rejects some of a request, and does not say which, is about few. */
const LIMITS = { maxEvents: 500, maxBytes: 1 << 20, maxEventBytes: MAX_EVENT_BYTES, inFlight: 4, inFlightPerPartition: 4 };
/** The specification appends it to a base URL. */
const PATH = '/v1/logs';
/** https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** A request that says nothing. */
const EMPTY: Batch = { partition: '{}\n{}', entries: [], bytes: 0 };

/** One of the two forms that a request may have. */
export interface OtlpEncoding {
  readonly contentType: string;
  /** The body of a request with these entries, in a buffer of `scratch` or of its own. */
  request(batch: Batch, scratch: Scratch): Buffer;
  /** What an answer says beside its status. Throws when it is in no form of this encoding. */
  partialSuccess(answer: HttpAnswer): PartialSuccess;
}

interface PartialSuccess {
  readonly rejectedLogRecords?: string | number;
  readonly errorMessage?: string;
}

/** https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
function jsonEncoding(): OtlpEncoding {
  return {
    contentType: 'application/json',
    request({ partition, entries }, scratch) {
      if (entries.length === 0) return Buffer.from('{"resourceLogs":[]}');
      const [head, tail] = otlpFrame(partition);
      const pieces = [head, ...entries.flatMap(({ parts }, i) => (i === 0 ? parts : [',', ...parts])), tail];
      const body = scratch.take(pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0));
      return body.subarray(0, writeParts(body, pieces, 0));
    },
    // Loki answers with nothing, the Collector with `{"partialSuccess":{}}`.
    partialSuccess: ({ body }) => (body === '' ? {} : ((JSON.parse(body) as { partialSuccess?: PartialSuccess }).partialSuccess ?? {})),
  };
}

/**
 * Any receiver of OTLP over HTTP: the OpenTelemetry Collector, Loki (`http://loki:3100/otlp`), and most vendors.
 * Entries are JSON, whatever the encoding of the requests that carry them.
 */
export function otlpSink(options: SinkOptions, encoding: OtlpEncoding = jsonEncoding()): Sink {
  const url = urlOf(options, OTLP_URL);
  const client = httpClient(options, url);
  const headers = options.tenant === undefined ? {} : { 'x-scope-orgid': options.tenant };
  const path = url.pathname.endsWith(PATH) ? '' : PATH;
  const scratch = new Scratch(LIMITS.maxBytes);

  async function post(batch: Batch, signal: AbortSignal): Promise<HttpAnswer> {
    const body = encoding.request(batch, scratch);
    const answer = await client.request({ method: 'POST', path, body, contentType: encoding.contentType, headers }, signal);
    if (answer.status === 200) scratch.give(body);
    return answer;
  }

  return {
    name: `otlp ${shownAddress(url)}`,
    identity: { type: 'otlp', target: addressOf(url), scope: scopeOf({ tenant: options.tenant }, options) },
    limits: LIMITS,
    undeliverable: 'keep',
    accepts: accepting(options),
    encode: (event) => encoded([otlpRecord(event)], otlpOrigin(event)),
    async check(signal) {
      return [await diagnose(url, await post(EMPTY, signal))];
    },
    send: async (batch, signal) => outcomeOf(url, batch, await post(batch, signal), encoding),
    close: () => client.close(),
  };
}

function outcomeOf(url: URL, batch: Batch, answer: HttpAnswer, encoding: OtlpEncoding): Outcome {
  const { status } = answer;
  const { entries } = batch;
  if (status === 200 || status === 204) return partialSuccess(batch, answer, encoding);
  const none = { delivered: 0, already: 0, retry: [], rejected: [] };
  if (status === 413) return { ...none, retry: entries, split: true };
  if (RETRYABLE.has(status)) throw busy(url, answer);
  // Bad data: never the same request again, but halves of it find the record that is bad. Loki has stored
  // the others by then, and notices.
  if (status === 400 || (status === 500 && /larger than max/.test(answer.body)))
    return entries.length > 1
      ? { ...none, retry: entries, split: true }
      : { ...none, rejected: entries.map((entry) => ({ entry, status, reason: reasonIn(answer) })) };
  throw refusal(url, answer);
}

/**
 * "The client MUST NOT retry": some were rejected for good, and nobody says which. So none counts as
 * delivered, all are kept, and the reason says what is known.
 * https://opentelemetry.io/docs/specs/otlp/#partial-success-1
 */
function partialSuccess({ entries }: Batch, answer: HttpAnswer, encoding: OtlpEncoding): Outcome {
  const { rejectedLogRecords = 0, errorMessage = '' } = partialSuccessIn(answer, encoding);
  const bad = Number(rejectedLogRecords);
  if (bad === 0) return { delivered: entries.length, already: 0, retry: [], rejected: [] };
  const which = entries.length === 1 ? '' : `${bad} of the ${entries.length} records of this request, without saying which: `;
  return {
    delivered: 0,
    already: 0,
    retry: [],
    rejected: entries.map((entry) => ({ entry, status: 200, reason: `rejected ${which}${errorMessage}` })),
  };
}

/** A page of a proxy is none. */
function partialSuccessIn(answer: HttpAnswer, encoding: OtlpEncoding): PartialSuccess {
  try {
    return encoding.partialSuccess(answer);
  } catch (cause) {
    throw new SinkError('temporary', 'the answer is not what a receiver of OTLP writes', {
      hint: 'check what stands between portlog and the receiver',
      cause,
    });
  }
}

function busy(url: URL, { status, retryAfterMs, body }: HttpAnswer): SinkError {
  return new SinkError('temporary', `${url.origin} is busy or broken (${status}${said(body)})`, { retryAfterMs });
}

function refusal(url: URL, answer: HttpAnswer): SinkError {
  const { status, body } = answer;
  const where = url.origin;
  if (status === 401 || status === 403)
    return new SinkError('permanent', `${where} does not accept the credentials (${status}${said(body)})`, {
      hint: 'set PORTLOG_OTLP_BEARER, or PORTLOG_OTLP_USER and PORTLOG_OTLP_PASSWORD',
    });
  const elsewhere = redirection(url, answer);
  if (elsewhere !== undefined) return elsewhere;
  if (status === 404 || status === 405)
    return new SinkError('permanent', `${where} takes no OTLP at ${url.pathname} (${status})`, {
      hint: 'check the URL: a base like http://collector:4318, or http://loki:3100/otlp',
    });
  if (status === 415)
    return new SinkError('permanent', `${where} does not take this encoding (415)`, {
      hint: 'set encoding: json or protobuf in the configuration',
    });
  // Not retryable by the specification, but about the receiver, not about the records: they wait for a person.
  return new SinkError(status >= 500 ? 'temporary' : 'permanent', `${where} refuses the request (${status}${said(body)})`);
}

async function diagnose(url: URL, answer: HttpAnswer): Promise<Diagnosis> {
  if (answer.status === 200 || answer.status === 204) return { level: 'ok', message: `${url.origin} takes OTLP` };
  if (RETRYABLE.has(answer.status)) throw busy(url, answer);
  // An empty request is no bad data for everyone.
  if (answer.status === 400 || answer.status === 422) return { level: 'ok', message: `${url.origin} takes OTLP` };
  throw refusal(url, answer);
}

/** A Status in JSON, or bytes of it: Loki answers errors in protobuf whatever it was asked in. */
function reasonIn({ body, status }: HttpAnswer): string {
  try {
    return (JSON.parse(body) as { message?: string }).message ?? `status ${status}`;
  } catch {
    return printable(body) || `status ${status}`;
  }
}

function said(body: string): string {
  const words = printable(body);
  return words === '' ? '' : `: ${words}`;
}

function printable(text: string): string {
  return text
    .replaceAll(/[^ -~]+/g, ' ')
    .trim()
    .slice(0, 300);
}
