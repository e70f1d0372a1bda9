import type { HttpServerOptions } from '../options.ts';
import { systemClock } from '../../core/clock.ts';
import { isObject, jsonIn, nameAt, plainWords, wordsAt } from '../transport/answer.ts';
import { type HttpAnswer, type HttpClient, httpClient, type HttpRequest } from '../transport/http.ts';
import { behindStatus, redirection, wrongCredentials } from '../transport/refusal.ts';
import { authorization, refuseLeaks, refuseUnsendable } from '../transport/credentials.ts';
import { SinkError } from '../sink.ts';

export const WAZUH_API_URL = 'https://127.0.0.1:55000';
/** Below the 900 seconds that tokens live by default (`auth_token_exp_timeout`). */
const TOKEN_AGE_MS = 800_000;
const LOGIN: HttpRequest = { method: 'POST', path: '/security/user/authenticate?raw=true' };
const CREDENTIALS = 'set PORTLOG_WAZUH_USER and PORTLOG_WAZUH_PASSWORD to those of a user of the API';

/**
 * A client for the API of a manager, which needs a token in each request: fetches a token when needed, and another one when it has expired.
 * https://documentation.wazuh.com/current/user-manual/api/reference.html
 */
export function wazuhApi(options: HttpServerOptions, url: URL): HttpClient {
  refuseLeaks(options, url);
  refuseUnsendable(options);
  // The API reads no compressed bodies.
  const client = httpClient({ ...options, credentials: { kind: 'none' }, compression: 'none' }, url);
  const { clock = systemClock } = options;
  const basic = authorization(options.credentials);
  let token = '';
  let tokenSince = -Infinity;

  async function login(signal: AbortSignal): Promise<void> {
    if (options.credentials.kind !== 'basic' || basic === undefined)
      throw new SinkError('permanent', `${url.origin} wants a user and a password`, { hint: CREDENTIALS });
    tokenSince = clock.elapsed();
    const answer = await client.request({ ...LOGIN, headers: { authorization: basic() } }, signal);
    if (answer.status !== 200) throw loginRefusal(url, answer);
    token = answer.body.trim();
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token))
      throw new SinkError('permanent', `${url.origin} gave no token: it is not the API of Wazuh`, {
        hint: 'check the URL; the port is usually 55000',
      });
  }

  return {
    url,
    async request(request, signal) {
      const ask = (): Promise<HttpAnswer> =>
        client.request({ ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } }, signal);
      if (clock.elapsed() - tokenSince > TOKEN_AGE_MS) await login(signal);
      const answer = await ask();
      if (answer.status !== 401) return answer;
      await login(signal);
      return ask();
    },
    close: () => client.close(),
  };
}

/** The error text of an answer: `Permission denied: Resource type: *:* (4000)`. */
export function wazuhWords(answer: HttpAnswer): string {
  const json = jsonIn(answer.body);
  if (!isObject(json)) return plainWords(answer, 200);
  const words = [wordsAt(json, 'title'), wordsAt(json, 'detail'), wordsAt(json, 'message')];
  return words
    .filter((word) => word !== undefined && word !== '')
    .join(': ')
    .slice(0, 300);
}

/** The version in the answer to `GET /`. */
export function wazuhVersion({ body }: HttpAnswer): string | undefined {
  return nameAt(jsonIn(body), 'data', 'api_version');
}

function loginRefusal(url: URL, answer: HttpAnswer): SinkError {
  const { status, retryAfterMs } = answer;
  const errorText = behindStatus(wazuhWords(answer));
  const redirected = redirection(url, answer);
  if (redirected !== undefined) return redirected;
  if (status === 401) return wrongCredentials(url, answer, errorText, CREDENTIALS);
  // After too many failed logins, the API refuses every login for a while.
  if (status === 403 || status === 429 || (status >= 500 && status !== 501))
    return new SinkError('temporary', `${url.origin} accepts no logins now (${status}${errorText})`, { retryAfterMs });
  return new SinkError('permanent', `${url.origin} has no login of Wazuh (${status})`, { hint: 'check the URL; the port is usually 55000' });
}
