import type { HttpAnswer, HttpClient } from '../transport/http.ts';
import { bodyBehindStatus, redirection, unavailable, wrongCredentials } from '../transport/refusal.ts';
import { tenantHeaders } from '../transport/credentials.ts';
import { type Diagnosis, SinkError } from '../sink.ts';

export const PUSH = '/loki/api/v1/push';
const CREDENTIALS = 'set PORTLOG_LOKI_TENANT if it has tenants, and PORTLOG_LOKI_USER and PORTLOG_LOKI_PASSWORD, or PORTLOG_LOKI_BEARER';

/** Entries that Loki refused with a 400; it stores the others of the request. */
export interface EntryErrors {
  /** Entries older than this are refused: epoch milliseconds, truncated to the second. */
  readonly oldest: number | undefined;
  /** Refused for age alone, not for order within the stream. */
  readonly isAboutAge: boolean;
  /** Entries from this time on are refused as too new, epoch milliseconds. */
  readonly tooNew: number | undefined;
  /** Lines longer than this are refused, in bytes. */
  readonly maxLineBytes: number | undefined;
}

/**
 * Reads the error texts of Loki 3 (pkg/validation/validate.go, pkg/chunkenc/interface.go). They name at most ten entries, each with the limit
 * that it broke.
 */
export function entryErrorsIn(body: string): EntryErrors {
  const oldest = [...body.matchAll(/oldest acceptable timestamp is: ([^,;'\s]+)/g)].map(([, time = '']) => Date.parse(time));
  const newest = [...body.matchAll(/has timestamp too new: ([^,;'\s]+)/g)].map(([, time = '']) => Date.parse(time));
  const lines = [...body.matchAll(/max entry size '(\d+)' bytes exceeded/g)].map(([, bytes]) => Number(bytes));
  return {
    isAboutAge: oldest.length > 0 && body.includes('has timestamp too old') && !body.includes('too far behind'),
    oldest: oldest.length === 0 ? undefined : Math.max(...oldest),
    tooNew: newest.length === 0 ? undefined : Math.min(...newest),
    maxLineBytes: lines.length === 0 ? undefined : Math.min(...lines),
  };
}

/** The limit of a 429 in bytes per second, of the tenant or the stream. */
export function rateLimitIn(body: string): number | undefined {
  const [, number, unit = ''] = /limit: (\d+(?:\.\d+)?) ?(bytes|B|KB|MB|GB)?\/sec/.exec(body) ?? [];
  if (number === undefined) return undefined;
  const factor: Readonly<Record<string, number>> = { KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30 };
  return Number(number) * (factor[unit] ?? 1);
}

/**
 * Whether Loki has stored the request: it answers 204 and nothing else (pkg/distributor/http.go), as does VictoriaLogs. A 200, with or without
 * a body, comes from another program.
 */
export function isStored({ status, bytes }: HttpAnswer): boolean {
  return status === 204 && bytes.length === 0;
}

/** A request that exceeds Loki's internal gRPC limit always gets a 500. */
export function isTooLarge({ status, body }: HttpAnswer): boolean {
  return status === 413 || (status >= 500 && /larger than max|too large/.test(body));
}

/** The meaning of an answer about the whole request; undefined when it is about single entries. */
export function lokiRefusal(url: URL, answer: HttpAnswer): SinkError | undefined {
  const { status, body } = answer;
  const where = url.origin;
  const errorText = bodyBehindStatus(answer);
  if (status === 401 && /no org id/i.test(body)) return wrongCredentials(url, { ...answer, credentials: undefined }, errorText, CREDENTIALS);
  if (status === 401) return wrongCredentials(url, answer, errorText, CREDENTIALS);
  if (status === 403) return new SinkError('permanent', `${where} does not allow pushing with these credentials (403${errorText})`);
  if (status === 404 || status === 405 || status === 501)
    return new SinkError('permanent', `${where} has no /loki/api/v1/push (${status}): it is not Loki`, {
      hint: 'check the URL; the port is usually 3100',
    });
  const redirected = redirection(url, answer);
  if (redirected !== undefined) return redirected;
  if (status >= 200 && status < 300)
    return new SinkError('temporary', `what ${where} answers (${status}${errorText}) is not what Loki writes`, {
      hint: 'check proxies between portlog and the server',
    });
  if (status >= 500) return unavailable(url, answer, errorText);
  if (/org ID/i.test(body))
    return new SinkError('permanent', `${where} does not accept the tenant (${status}${errorText})`, { hint: 'check PORTLOG_LOKI_TENANT' });
  if (body.includes('includes structured metadata, but this feature is disallowed'))
    return new SinkError('permanent', `${where} does not accept structured metadata`, {
      hint: 'set limits_config.allow_structured_metadata to true in Loki (it is the default since 3.0)',
    });
  return undefined;
}

function whatItTakes({ credentials }: HttpAnswer, tenant: string | undefined): string {
  if (credentials !== undefined) return 'takes these credentials';
  return tenant === undefined ? 'takes events without credentials' : `takes events of the tenant ${tenant}, without credentials`;
}

/** Checks with an empty push: Loki answers 422, or 204 behind some gateways. */
export async function checkLoki(client: HttpClient, tenant: string | undefined, signal: AbortSignal): Promise<readonly Diagnosis[]> {
  const answer = await client.request({ method: 'POST', path: PUSH, body: '{"streams":[]}', headers: tenantHeaders(tenant) }, signal);
  if (isStored(answer) || (answer.status === 422 && answer.body.includes('stream')))
    return [{ level: 'ok', message: `Loki at ${client.url.origin} ${whatItTakes(answer, tenant)}` }];
  if (answer.status === 429)
    throw new SinkError('temporary', `${client.url.origin} takes no more for now (429)`, { retryAfterMs: answer.retryAfterMs });
  throw (
    lokiRefusal(client.url, answer) ??
    new SinkError('permanent', `${client.url.origin} does not answer as Loki does (${answer.status})`, { hint: 'check the URL' })
  );
}
