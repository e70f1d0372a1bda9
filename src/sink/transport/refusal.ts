import { SinkError } from '../sink.ts';
import { plainWords } from './answer.ts';
import type { HttpAnswer } from './http.ts';

/* Errors that servers of all protocols answer with. `errorText`: the server's words, from {@link behindStatus}. */

/** Most characters of an address in a hint. */
const MAX_LOCATION_LENGTH = 300;
const MAX_BODY_LENGTH = 200;

/** Words as they stand behind a status: `: slow down`; empty without any. */
export function behindStatus(words: string): string {
  return words === '' ? '' : `: ${words}`;
}

/** The beginning of the body, for servers that answer in plain text. */
export function bodyBehindStatus(answer: HttpAnswer): string {
  return behindStatus(plainWords(answer, MAX_BODY_LENGTH));
}

/** The status of a server that does not know the method of a request, for any path: waiting does not change that. */
const NOT_IMPLEMENTED = 501;

/** The error for a server that cannot take anything now (429, 5xx), or never could: it is another program than the one that was meant. */
export function unavailable({ origin }: URL, { status, retryAfterMs }: HttpAnswer, errorText: string): SinkError {
  if (status === NOT_IMPLEMENTED)
    return new SinkError('permanent', `${origin} does not know such a request (${status}${errorText})`, {
      hint: 'check the URL: what answers there is another program, or a proxy',
    });
  return new SinkError('temporary', `${origin} is busy or broken (${status}${errorText})`, { retryAfterMs });
}

/** `howToSet`: what to do when no credentials are set. Those that are set are the ones that are wrong. */
export function wrongCredentials({ origin }: URL, answer: HttpAnswer, errorText: string, howToSet: string): SinkError {
  return new SinkError('permanent', `${origin} does not accept the credentials (${answer.status}${errorText})`, {
    hint: credentialFault(answer) ?? howToSet,
  });
}

/** What is wrong with the credentials that a server refused; undefined when it got none. */
export function credentialFault({ status, credentials }: HttpAnswer): string | undefined {
  if (credentials === undefined) return undefined;
  return `${credentials} is wrong, ${status === 403 ? 'or lacks the right for this' : 'expired, or of another server'}`;
}

/** The error for a redirect; undefined for any other answer. */
export function redirection({ origin }: URL, { status, headers }: HttpAnswer): SinkError | undefined {
  if (status < 300 || status >= 400) return undefined;
  return new SinkError('permanent', `${origin} answers with a redirect (${status}), which portlog does not follow`, {
    hint: `if that is right, write this URL: ${headers['location']?.slice(0, MAX_LOCATION_LENGTH) ?? 'the answer names none'}`,
  });
}

/** The error for a server that gives its reasons in plain text. `howToSet`: see {@link wrongCredentials}; `otherwise`: of any other status. */
export function plainRefusal(url: URL, answer: HttpAnswer, howToSet: string, otherwise: (errorText: string) => SinkError): SinkError {
  const { status } = answer;
  const errorText = bodyBehindStatus(answer);
  if (status === 401 || status === 403) return wrongCredentials(url, answer, errorText, howToSet);
  const redirected = redirection(url, answer);
  if (redirected !== undefined) return redirected;
  if (status === 408 || status === 429 || status >= 500) return unavailable(url, answer, errorText);
  return otherwise(errorText);
}
