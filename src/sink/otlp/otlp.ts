import { DEFAULT_MAX_EVENT_BYTES, type OtlpOptions } from './options.ts';
import { otlpOrigin, otlpRecord } from '../../event/otel.ts';
import { isTaken, refusesPath } from '../transport/answer.ts';
import { BufferPool, encoded } from '../transport/body.ts';
import { type HttpAnswer, type HttpClient, httpClient } from '../transport/http.ts';
import { unavailable } from '../transport/refusal.ts';
import type { OtlpEncoding } from './encoding.ts';
import { otlpOutcome, otlpRefusal, RETRYABLE, errorText, takesEmpty } from './outcome.ts';
import { accepting } from '../only.ts';
import { addressOf, OTLP_URL, scopeOf, urlOf } from '../address.ts';
import { tenantHeaders } from '../transport/credentials.ts';
import { shownAddress } from '../shown.ts';
import type { Batch, Diagnosis, Outcome, Sink } from '../sink.ts';

/** Small, because a receiver may reject some records of a request without saying which. */
const LIMITS = { maxEvents: 500, maxBytes: DEFAULT_MAX_EVENT_BYTES, inFlight: 4, inFlightPerPartition: 4 };
/** The path that the specification appends to a base URL. */
const PATH = '/v1/logs';

/** Status codes by which receivers refuse the encoding of a request; VictoriaLogs answers JSON with 400, others with 415. */
const REFUSES_FORM: ReadonlySet<number> = new Set([400, 406, 415, 422, 500, 501]);

/** A request without records. */
const EMPTY: Batch = { partition: '{}\n{}', entries: [], bytes: 0 };

/**
 * Any receiver of OTLP over HTTP: the OpenTelemetry Collector, Loki (`http://loki:3100/otlp`), and most vendors.
 * Entries are JSON, whatever the encoding of the requests that carry them. `check` tries the `other` encoding where this one is refused.
 */
export function otlpSink(options: OtlpOptions, encoding: OtlpEncoding, other: OtlpEncoding): Sink {
  const { tenant, maxEventBytes = DEFAULT_MAX_EVENT_BYTES } = options;
  const url = urlOf(options, OTLP_URL);
  const receiver = new Receiver(httpClient(options, url), tenant, encoding);
  return {
    name: `otlp ${shownAddress(url)}${tenant === undefined ? '' : ` (tenant ${tenant})`}`,
    identity: { type: 'otlp', target: addressOf(url), scope: scopeOf({ tenant }, options) },
    limits: { ...LIMITS, maxEventBytes },
    undeliverable: 'keep',
    accepts: accepting(options),
    encode: (event) => encoded([otlpRecord(event)], otlpOrigin(event)),
    check: async (signal) => [await receiver.diagnose(other, signal)],
    send: (batch, signal) => receiver.send(batch, signal),
    close: () => receiver.client.close(),
  };
}

/** Sends requests to one receiver. */
class Receiver {
  readonly client: HttpClient;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly encoding: OtlpEncoding;
  private readonly path: string;
  private readonly scratch = new BufferPool(LIMITS.maxBytes);
  private hasTaken = false;

  constructor(client: HttpClient, tenant: string | undefined, encoding: OtlpEncoding) {
    this.client = client;
    this.headers = tenantHeaders(tenant);
    this.encoding = encoding;
    this.path = client.url.pathname.endsWith(PATH) ? '' : PATH;
  }

  async send(batch: Batch, signal: AbortSignal): Promise<Outcome> {
    const { url } = this.client;
    const answer = await this.post(batch, this.encoding, signal);
    // Only for the first request: in later answers the text may come from an event.
    if (!this.hasTaken && refusesPath(answer.status, answer.body)) throw otlpRefusal(url, answer);
    const outcome = otlpOutcome(url, batch, answer);
    this.hasTaken ||= outcome.delivered > 0;
    return outcome;
  }

  /** Sends a request without records, and if it is refused, one in the other encoding. */
  async diagnose(other: OtlpEncoding, signal: AbortSignal): Promise<Diagnosis> {
    const { url } = this.client;
    const { name } = this.encoding;
    const answer = await this.post(EMPTY, this.encoding, signal);
    if (takesEmpty(url, answer)) return { level: 'ok', message: `${url.origin} takes OTLP in ${name}` };
    if (REFUSES_FORM.has(answer.status) && takesEmpty(url, await this.post(EMPTY, other, signal)))
      return {
        level: 'error',
        message: `${url.origin} takes OTLP in ${other.name}, and not in ${name} (${answer.status}${errorText(answer)})`,
        hint: `set encoding: ${other.name} for this sink in the configuration`,
      };
    if (RETRYABLE.has(answer.status)) throw unavailable(url, answer, errorText(answer));
    if ((answer.status !== 400 && answer.status !== 422) || refusesPath(answer.status, answer.body)) throw otlpRefusal(url, answer);
    return {
      level: 'warning',
      message: `${url.origin} does not take a request without records (${answer.status}${errorText(answer)}); only a real event shows whether it accepts events`,
      hint: 'send one scan, and look at the sum',
    };
  }

  private async post(batch: Batch, encoding: OtlpEncoding, signal: AbortSignal): Promise<HttpAnswer> {
    const { path, headers, scratch } = this;
    const body = encoding.request(batch, scratch);
    const answer = await this.client.request({ method: 'POST', path, body, contentType: encoding.contentType, headers }, signal);
    // With any other status, the answer may have come before the whole body was read, so the buffer is not used again.
    if (isTaken(answer.status)) scratch.release(body);
    return answer;
  }
}
