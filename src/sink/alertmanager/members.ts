import { isObject, jsonIn, nameAt, unknownAnswer, wordsAt } from '../transport/answer.ts';
import type { HttpAnswer, HttpClient } from '../transport/http.ts';
import { plainRefusal } from '../transport/refusal.ts';
import { type Diagnosis, type Refusal, SinkError } from '../sink.ts';
import type { Labels } from './statement.ts';

const ALERTS = '/api/v2/alerts';
const STATUS = '/api/v2/status';
const CREDENTIALS = 'set PORTLOG_ALERTMANAGER_USER and PORTLOG_ALERTMANAGER_PASSWORD, or PORTLOG_ALERTMANAGER_BEARER';
const CHECK_URL = 'check the URL: it includes the part before /api/v2, as in --web.route-prefix';

/** An alert in Alertmanager's words. Times are ISO 8601. */
export interface PostableAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAt: string;
  readonly endsAt: string;
}

/** The result of sending alerts to a cluster; `all`: each member has them. */
export type Taken =
  | { readonly kind: 'taken'; readonly all: boolean }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/**
 * The members of a cluster. Alerts go to each of them, as its documentation asks: members exchange silences and notifications,
 * never alerts. One member that accepted them suffices, because it notifies.
 * https://prometheus.io/docs/alerting/latest/alertmanager/#high-availability
 */
export class Members {
  private readonly clients: readonly HttpClient[];

  constructor(clients: readonly HttpClient[]) {
    this.clients = clients;
  }

  /** Throws {@link SinkError} when no member answered about these alerts. */
  async post(alerts: readonly PostableAlert[], signal: AbortSignal): Promise<Taken> {
    const body = JSON.stringify(alerts);
    const answers = await Promise.all(this.clients.map((client) => post(client, body, signal)));
    const taken = answers.filter((answer) => !(answer instanceof SinkError) && answer.kind === 'taken');
    if (taken.length > 0) return { kind: 'taken', all: taken.length === answers.length };
    const firstAnswer = answers.find((answer) => !(answer instanceof SinkError));
    if (firstAnswer !== undefined) return firstAnswer;
    const errors = answers.filter((answer) => answer instanceof SinkError);
    // One that may recover by itself is worth waiting for.
    throw errors.find(({ kind }) => kind === 'temporary') ?? errors[0] ?? new SinkError('permanent', 'there is no Alertmanager');
  }

  async check(signal: AbortSignal): Promise<readonly Diagnosis[]> {
    const found = await Promise.all(this.clients.map((client) => status(client, signal)));
    const errors = found.filter((one) => one instanceof SinkError);
    if (errors.length === found.length && errors[0] !== undefined) throw errors[0];
    return found.map((one): Diagnosis => {
      if (!(one instanceof SinkError)) return one;
      return { level: 'warning', message: `a member of the cluster does not accept alerts: ${one.message}`, hint: one.hint };
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
  }
}

async function post(client: HttpClient, body: string, signal: AbortSignal): Promise<Taken | SinkError> {
  return caught(async () => meaningOf(client.url, await client.request({ method: 'POST', path: ALERTS, body }, signal)));
}

async function caught<T>(work: () => Promise<T>): Promise<T | SinkError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SinkError) return error;
    throw error;
  }
}

/** https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml: 200 without a body; 400 and 422 for invalid alerts. */
function meaningOf(url: URL, answer: HttpAnswer): Taken {
  const { status, body } = answer;
  if (status === 200 && body.trim() === '') return { kind: 'taken', all: true };
  if (status >= 200 && status < 300) throw unknownAnswer(url.origin, `it answers ${status} with a text that no Alertmanager sends`);
  if (status === 413) return { kind: 'too-large' };
  const reason = status === 400 || status === 422 ? refusalIn(body) : undefined;
  if (reason !== undefined) return { kind: 'refused', refusal: { reason, status } };
  throw failure(url, answer);
}

/** The reason is a JSON string (400), or comes with a code (422). Valid alerts of the request were accepted. */
function refusalIn(body: string): string | undefined {
  const answer = jsonIn(body);
  const words = typeof answer === 'string' ? answer : isObject(answer) && Number.isInteger(answer['code']) ? wordsAt(answer, 'message') : undefined;
  return words === undefined || words.trim() === '' ? undefined : words.trim().slice(0, 500);
}

function failure(url: URL, answer: HttpAnswer): SinkError {
  const { status } = answer;
  return plainRefusal(url, answer, CREDENTIALS, (errorText) => {
    const message = `${url.origin} is not an Alertmanager with API v2, or refuses this request (${status}${errorText})`;
    return new SinkError('permanent', message, { hint: CHECK_URL });
  });
}

async function status(client: HttpClient, signal: AbortSignal): Promise<Diagnosis | SinkError> {
  return caught(async () => {
    const answer = await client.request({ method: 'GET', path: STATUS }, signal);
    const version = answer.status === 200 ? nameAt(jsonIn(answer.body), 'versionInfo', 'version') : undefined;
    if (version === undefined && answer.status >= 200 && answer.status < 300)
      throw new SinkError('permanent', `${client.url.origin} answers, but is not an Alertmanager with API v2`, {
        hint: CHECK_URL,
      });
    if (version === undefined) throw failure(client.url, answer);
    return { level: 'ok', message: `Alertmanager ${version} at ${client.url.origin}` };
  });
}
