import { PortlogError } from '../core/errors.ts';
import { jsonIn, plainWords, wordsAt } from '../sink/transport/answer.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../sink/transport/http.ts';
import { credentialFault, redirection } from '../sink/transport/refusal.ts';
import { isAtLeast } from '../sink/transport/version.ts';
import { either, listOf, number, object, oneOf, record, type Shape } from '../core/shape.ts';
import { hintFor } from './rights.ts';

/*
 * Requests of set-up and the parsing of answers, for all targets: the answer may come from a proxy, a login page or another
 * product, and must lead to a clear error.
 */

/** The answer to a request that must succeed; else a `setup-refused` with the server's own words. */
export async function successOf(client: HttpClient, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  return accepted(client, request, await client.request(request, signal));
}

/** A request that changes something: a 2xx may still report a failure, or come from another program. */
export async function done(client: HttpClient, request: HttpRequest, signal: AbortSignal): Promise<void> {
  isDone(client, request, await client.request(request, signal));
}

/** {@link done} for an answer that was received already. */
export function isDone(client: HttpClient, request: HttpRequest, answer: HttpAnswer): void {
  if (answer.status < 200 || answer.status >= 300) throw refusalOf(client, request, answer, 'the server says why; what was done before this stays');
  if ((answer.status === 202 || answer.status === 204) && answer.body.trim() === '') return;
  answeredAs(client, request, answer, IS_DONE);
}

const emptyAnswer = oneOf<unknown>(undefined, null, false, 0, '');
const IS_DONE = record({
  error: emptyAnswer,
  errors: either(emptyAnswer, listOf(nothing)),
  acknowledged: oneOf(undefined, true),
  success: oneOf(undefined, true),
  status: either(oneOf(undefined, 'success'), number),
});

/** {@link successOf}, but undefined for a 404. */
export async function found(client: HttpClient, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer | undefined> {
  const answer = await client.request(request, signal);
  return answer.status === 404 ? undefined : accepted(client, request, answer);
}

/** {@link successOf}, parsed as JSON of a shape. */
export async function successAs<T>(client: HttpClient, request: HttpRequest, shape: Shape<T>, signal: AbortSignal): Promise<T> {
  return answeredAs(client, request, await client.request(request, signal), shape);
}

/** {@link found}, parsed. */
export async function foundAs<T>(client: HttpClient, request: HttpRequest, shape: Shape<T>, signal: AbortSignal): Promise<T | undefined> {
  const answer = await client.request(request, signal);
  return answer.status === 404 ? undefined : answeredAs(client, request, answer, shape);
}

/** {@link successOf} for an answer that was received already. */
export function accepted(client: HttpClient, request: HttpRequest, answer: HttpAnswer): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw refusalOf(client, request, answer);
}

/** Parses an accepted answer. A 200 of any other form comes from another program or an unknown version. */
export function answeredAs<T>(client: HttpClient, request: HttpRequest, answer: HttpAnswer, shape: Shape<T>): T {
  return readAs(client, request, accepted(client, request, answer), jsonIn(answer.body), shape);
}

/** {@link answeredAs} for an answer with a JSON value per line. */
export function linesAs<T>(client: HttpClient, request: HttpRequest, answer: HttpAnswer, shape: Shape<T>): readonly T[] {
  const lines = accepted(client, request, answer).body.split('\n');
  return lines.filter((line) => line.trim() !== '').map((line) => readAs(client, request, answer, jsonIn(line), shape));
}

/** A part of an answer, of a shape; else `setup-refused`. */
export function readAs<T>(client: HttpClient, request: HttpRequest, answer: HttpAnswer, value: unknown, shape: Shape<T>): T {
  if (shape(value)) return value;
  const { message } = refusalOf(client, request, answer);
  const why = object(value) || Array.isArray(value) ? 'which is not the expected answer' : 'which is not JSON';
  throw new PortlogError('setup-refused', `${message} (${why})`, {
    hint: 'check the address, and proxies between portlog and the server',
  });
}

function nothing(value: unknown): value is never {
  return value === undefined;
}

/** The error for a refused request. `otherwise`: the hint when the status suggests none. */
export function refusalOf({ url }: HttpClient, { method, path }: HttpRequest, answer: HttpAnswer, otherwise?: string): PortlogError {
  const { status } = answer;
  const redirected = redirection(url, answer);
  if (redirected !== undefined) return new PortlogError('setup-refused', `${redirected.message}: ${method} ${path}`, { hint: redirected.hint });
  const words = errorTextIn(answer);
  return new PortlogError('setup-refused', `${url.origin} answered ${status} to ${method} ${path}${words === '' ? '' : `: ${words}`}`, {
    hint: (status === 401 ? credentialFault(answer) : undefined) ?? hintFor(status, path) ?? otherwise,
  });
}

const MOST_WORDS = 300;

/** The server's error text, shortened: its error sentence, else the whole answer; of a web page its title. */
export function errorTextIn(answer: HttpAnswer): string {
  return (sentenceIn(jsonIn(answer.body)) ?? plainWords(answer, MOST_WORDS))
    .slice(0, 10 * MOST_WORDS)
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, MOST_WORDS);
}

/**
 * Where Elasticsearch and OpenSearch (`error.reason`), Kibana and Grafana (`message`), the API of Wazuh (`detail`) and of Prometheus (`error`)
 * write what is wrong.
 */
function sentenceIn(json: unknown): string | undefined {
  const places = [['error', 'reason'], ['message'], ['detail'], ['title'], ['error'], ['error', 'type']];
  return places.map((place) => wordsAt(json, ...place)).find((words) => words !== undefined && words.trim() !== '');
}

/** Whether OpenSearch does not know a path because the plugin is missing. */
export function isWithoutPlugin({ status, body }: HttpAnswer): boolean {
  return status === 400 && body.includes('no handler found');
}

/** Refuses a server that is older than what portlog brings is made for. */
export function checkVersion(server: string, version: string, oldest: readonly [major: number, minor: number]): void {
  if (isAtLeast(version, oldest)) return;
  throw new PortlogError(
    'setup-refused',
    `this is ${server} ${version.slice(0, 40)}, and portlog's dashboards and rules need ${oldest.join('.')} or newer`,
    {
      hint: 'portlog setup … --export DIR writes the files, to try them by hand',
    },
  );
}
