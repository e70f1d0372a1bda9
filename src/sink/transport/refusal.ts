import { SinkError } from '../sink.ts';
import type { HttpAnswer } from './http.ts';

/* Errors that servers of all protocols answer with. `said`: the server's words, from {@link behindStatus}. */

/** Most characters of an address in a hint. */
const MAX_LOCATION_LENGTH = 300;
const MAX_BODY_LENGTH = 200;

/** Words as they stand behind a status: `: slow down`; empty without any. */
export function behindStatus(words: string): string {
  return words === '' ? '' : `: ${words}`;
}

/** The beginning of the body, for servers that answer in plain text. */
export function bodyBehindStatus({ body }: HttpAnswer): string {
  return behindStatus(body.trim().slice(0, MAX_BODY_LENGTH));
}

export function busy({ origin }: URL, { status, retryAfterMs }: HttpAnswer, errorText: string): SinkError {
  return new SinkError('temporary', `${origin} is busy or broken (${status}${errorText})`, { retryAfterMs });
}

export function wrongCredentials({ origin }: URL, { status }: HttpAnswer, errorText: string, hint: string): SinkError {
  return new SinkError('permanent', `${origin} does not accept the credentials (${status}${errorText})`, { hint });
}

/** The error for a redirect; undefined for any other answer. */
export function redirection({ origin }: URL, { status, headers }: HttpAnswer): SinkError | undefined {
  if (status < 300 || status >= 400) return undefined;
  return new SinkError('permanent', `${origin} answers with a redirect (${status}), which portlog does not follow`, {
    hint: `if that is right, write this URL: ${headers['location']?.slice(0, MAX_LOCATION_LENGTH) ?? 'the answer names none'}`,
  });
}
