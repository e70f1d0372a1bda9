import { DEFAULT_MAX_EVENT_BYTES, type HttpSinkOptions } from './options.ts';
import { PortlogError } from '../../core/errors.ts';
import { envelopeOf } from './envelope.ts';
import { isPage, isTaken, plainWords, refusesPath } from '../transport/answer.ts';
import { batchBody, encoded, BufferPool } from '../transport/body.ts';
import { type HttpAnswer, httpClient } from '../transport/http.ts';
import { bodyBehindStatus, plainRefusal } from '../transport/refusal.ts';
import { accepting } from '../only.ts';
import { addressOf, scopeOf, urlOf } from '../address.ts';
import { allDelivered, inHalves, NOTHING, refusedAsOne } from '../outcome.ts';
import { shownAddress } from '../shown.ts';
import { type Batch, type Diagnosis, type Outcome, type Sink, SinkError } from '../sink.ts';

const LIMITS = { maxEvents: 1000, maxBytes: 1 << 20, inFlight: 4, inFlightPerPartition: 4 };
/** An example for error messages; there is no default port. */
const EXAMPLE_URL = 'http://127.0.0.1:8080';
const CREDENTIALS = 'set PORTLOG_HTTP_BEARER, or PORTLOG_HTTP_USER and PORTLOG_HTTP_PASSWORD, or headers in the configuration';
const JSON_TYPE = 'application/json';
/** Limits for chats, which get one message per request, in order. */
const ONE_BY_ONE = { ...LIMITS, maxEvents: 1, inFlight: 1, inFlightPerPartition: 1 };

/**
 * Anything that accepts JSON lines over HTTP: Vector (`http_server`), Fluent Bit (`http`), Logstash (`http`), or Splunk's HTTP Event Collector
 * with an envelope around each event (`{"event":{}}`). And chats (Slack, Mattermost, ntfy), with an envelope around the event's message
 * (`{"text":"{message}"}`) and one event per request.
 */
export function httpSink(options: HttpSinkOptions): Sink {
  const url = requiredUrl(options);
  const envelope = envelopeOf(options.envelope ?? '{}', options.contentType);
  const client = httpClient(options, url);
  const scratch = new BufferPool(LIMITS.maxBytes);
  const { headers = {} } = options;
  const { contentType = envelope.isForPeople ? JSON_TYPE : 'application/x-ndjson' } = options;
  const end = envelope.isForPeople ? [] : ['\n'];
  let hasTaken = false;

  return {
    name: `http ${shownAddress(url)}`,
    identity: { type: 'http', target: addressOf(url), scope: scopeOf({}, options) },
    limits: { ...(envelope.isForPeople ? ONE_BY_ONE : LIMITS), maxEventBytes: options.maxEventBytes ?? DEFAULT_MAX_EVENT_BYTES },
    undeliverable: 'keep',
    accepts: accepting(options),
    encode: (event) => encoded([...envelope.parts(event), ...end]),
    async check(signal) {
      return [await diagnose(url, await client.request({ method: 'HEAD', path: '', headers }, signal))];
    },
    async send(batch, signal) {
      const body = batchBody(batch, scratch);
      const answer = await client.request({ method: 'POST', path: '', body, contentType, headers }, signal);
      if (answer.status < 300) scratch.release(body);
      // Only for the first request: in later answers the text may come from an event.
      if (!hasTaken && refusesType(answer)) throw otherType(url, contentType, answer);
      if (!hasTaken && refusesPath(answer.status, answer.body)) throw refusal(url, answer);
      const outcome = outcomeOf(url, batch, answer);
      hasTaken ||= outcome.delivered > 0;
      return outcome;
    },
    close: () => client.close(),
  };
}

/** There is no default: such a receiver may listen anywhere. */
function requiredUrl({ type, target }: HttpSinkOptions): URL {
  if (target === undefined)
    throw new PortlogError('sink-options', 'the sink "http" needs a URL', { hint: 'for example --to http=https://vector:8080/nmap' });
  return urlOf({ type, target }, EXAMPLE_URL);
}

/** There is no protocol, so 2xx means delivered; a batch that is refused because of its content is halved to find the bad event. */
function outcomeOf(url: URL, batch: Batch, answer: HttpAnswer): Outcome {
  const { entries } = batch;
  const { status } = answer;
  if (isTaken(status) && isPage(answer))
    throw new SinkError('temporary', `${url.origin} answers with a web page`, { hint: 'check proxies between portlog and the receiver' });
  if (isTaken(status)) return allDelivered(batch);
  if (status === 413) return inHalves(entries);
  if (status !== 400 && status !== 422 && status !== 500) throw refusal(url, answer);
  const why = { reason: plainWords(answer, 300) || `status ${status}`, status };
  // The receiver fails, maybe because of this event.
  if (status === 500 && entries.length === 1) return { ...NOTHING, retry: entries, setAside: true, refusal: why };
  return refusedAsOne(entries, why);
}

/** Whether the receiver refuses the content type. Fluent Bit answers 400: `error: invalid 'Content-Type'`. */
function refusesType({ status, body }: HttpAnswer): boolean {
  return status === 415 || (status === 400 && body.length < 200 && /(?:content|media).?type/i.test(body));
}

function otherType(url: URL, contentType: string, answer: HttpAnswer): SinkError {
  return new SinkError('permanent', `${url.origin} does not accept ${contentType} (${answer.status}${bodyBehindStatus(answer)})`, {
    hint: `set contentType for this sink in the configuration: ${contentType === JSON_TYPE ? 'what its receiver wants' : `${JSON_TYPE}, as most want it`}`,
  });
}

function refusal(url: URL, answer: HttpAnswer): SinkError {
  const { status } = answer;
  return plainRefusal(
    url,
    answer,
    CREDENTIALS,
    (errorText) => new SinkError('permanent', `${url.origin} refuses the request (${status}${errorText})`, { hint: 'check the URL' }),
  );
}

/**
 * Nothing can be checked without sending an event, so any answer to HEAD will do, even that the method is unknown (405, or 501 of Python's
 * http.server).
 */
async function diagnose(url: URL, answer: HttpAnswer): Promise<Diagnosis> {
  const { status } = answer;
  const isBroken = status >= 500 && status !== 501;
  if (status === 401 || status === 403 || status === 429 || isBroken || (status >= 300 && status < 400)) throw refusal(url, answer);
  return { level: 'ok', message: `${url.origin} answers (${status} to HEAD); only a real event shows whether it accepts events` };
}
