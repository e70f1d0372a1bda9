import { isTaken, refusesPath, unknownAnswer } from '../transport/answer.ts';
import type { HttpAnswer } from '../transport/http.ts';
import { behindStatus, redirection, unavailable, wrongCredentials } from '../transport/refusal.ts';
import { shownPath } from '../shown.ts';
import { allDelivered, inHalves, NOTHING, refusedAsOne } from '../outcome.ts';
import { type Batch, type Outcome, SinkError } from '../sink.ts';
import { partialSuccessIn, wordsIn } from './answer.ts';

/** https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
export const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Error texts of a 400 about the encoding, which would apply to any other request, too. */
const ABOUT_FORM =
  /(?:json|protobuf|encoding|content.?type)[^.]{0,60}(?:not|isn't|un)\s?(?:supported|allowed|known)|unsupported (?:content|encoding|media)/i;

/** The meaning of the answer to a request; throws a {@link SinkError} when it is about the receiver. */
export function otlpOutcome(url: URL, batch: Batch, answer: HttpAnswer): Outcome {
  const { status } = answer;
  const { entries } = batch;
  if (isTaken(status)) return partialSuccess(url, batch, answer);
  if (status === 413) return inHalves(entries);
  if (RETRYABLE.has(status)) throw unavailable(url, answer, errorText(answer));
  if (status === 415 || (status === 400 && ABOUT_FORM.test(answer.body))) throw otherForm(url, answer);
  // Bad data: the same request would fail again, but halving it finds the bad record. Loki has stored the others by then, and recognises them.
  const isTooLarge = status === 500 && /larger than max/.test(answer.body);
  if (status !== 400 && status !== 500) throw otlpRefusal(url, answer);
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
export function takesEmpty(url: URL, answer: HttpAnswer): boolean {
  if (isTaken(answer.status)) return partialSuccessIn(url, answer).rejected === 0;
  return (answer.status === 400 || answer.status === 422) && /empty|no (?:logs|records)|at least one/i.test(answer.body);
}

function otherForm(url: URL, answer: HttpAnswer): SinkError {
  return new SinkError('permanent', `${url.origin} does not accept this encoding (${answer.status}${errorText(answer)})`, {
    hint: 'set encoding: json or protobuf in the configuration; portlog check says which',
  });
}

export function otlpRefusal(url: URL, answer: HttpAnswer): SinkError {
  const { status } = answer;
  const where = url.origin;
  if (status === 401 || status === 403)
    return wrongCredentials(url, answer, errorText(answer), 'set PORTLOG_OTLP_BEARER, or PORTLOG_OTLP_USER and PORTLOG_OTLP_PASSWORD');
  const redirected = redirection(url, answer);
  if (redirected !== undefined) return redirected;
  if (status === 404 || status === 405 || status === 501 || refusesPath(status, answer.body))
    return new SinkError('permanent', `${where} does not accept OTLP at ${shownPath(url)} (${status}${errorText(answer)})`, {
      hint: 'check the URL: a base like http://collector:4318, http://loki:3100/otlp, http://victorialogs:9428/insert/opentelemetry',
    });
  if (status === 415) return otherForm(url, answer);
  // Not retryable by the specification, but about the receiver rather than the records: they wait for a person.
  return new SinkError(status >= 500 ? 'temporary' : 'permanent', `${where} refuses the request (${status}${errorText(answer)})`);
}

export function errorText(answer: HttpAnswer): string {
  return behindStatus(wordsIn(answer));
}
