import { systemClock } from '../clock.ts';
import { flatLine } from '../event/flat.ts';
import { encoded } from './body.ts';
import { type HttpAnswer, redirection } from './http.ts';
import { addressOf, scopeOf, type SinkOptions, urlOf, shownAddress } from './options.ts';
import { type Batch, type Diagnosis, type Outcome, type Sink, SinkError } from './sink.ts';
import { wazuhApi, WAZUH_API_URL, wazuhVersion, wazuhWords } from './wazuh-api.ts';

/** Of a request; the API takes up to 10 MB. */
const LIMITS = { maxEvents: 100, maxBytes: 8 << 20, inFlight: 1, inFlightPerPartition: 1 };
/** Requests of all its users that the API counts, and refuses beyond that; those that fail count too. */
const MOST_REQUESTS = 30;
const WITHIN_MS = 60_000;
/** Somebody else may have used them up; the minute that is counted has begun at any time. */
const BUSY_MS = 10_000;
/** "Invalid message to queue": too long. What else fails may pass. */
const BAD_EVENT = 1012;

/**
 * `POST /events` of a manager, since 4.6: for machines without an agent, and for few events, for it takes 3,000
 * a minute at most. Delivered means written to the queue of its analysis.
 * https://documentation.wazuh.com/current/user-manual/api/reference.html#tag/Events
 */
export function wazuhEvents(options: SinkOptions): Omit<Sink, 'accepts'> {
  const url = urlOf(options, WAZUH_API_URL);
  const api = wazuhApi(options, url);
  const takeTurn = turns();

  return {
    name: `wazuh ${shownAddress(url)}`,
    identity: { type: 'wazuh', target: addressOf(url), scope: scopeOf({}, options) },
    limits: LIMITS,
    undeliverable: 'keep',
    // Each event is a text in a list.
    encode: (event) => encoded([JSON.stringify(flatLine(event))]),
    async check(signal) {
      return [await diagnose(url, await api.request({ method: 'GET', path: '/' }, signal))];
    },
    async send(batch, signal) {
      await takeTurn(signal);
      const body = `{"events":[${batch.entries.map(({ parts }) => parts.join('')).join(',')}]}`;
      return outcomeOf(url, batch, await api.request({ method: 'POST', path: '/events', body }, signal));
    },
    close: () => api.close(),
  };
}

/** Waits until another request is within the limit. */
function turns(): (signal: AbortSignal) => Promise<void> {
  const times: number[] = [];
  return async (signal) => {
    const oldest = times.length < MOST_REQUESTS ? undefined : times.shift();
    if (oldest !== undefined) await systemClock.sleep(Math.max(0, oldest + WITHIN_MS - systemClock.now()), signal);
    if (signal.aborted) throw new SinkError('temporary', 'wazuh: interrupted while it waited for its turn');
    times.push(systemClock.now());
  };
}

function outcomeOf(url: URL, batch: Batch, answer: HttpAnswer): Outcome {
  const { status } = answer;
  const { entries } = batch;
  if (status === 200) return forwarded(url, batch, answer);
  if (status === 413 || status === 417) return { delivered: 0, already: 0, retry: entries, rejected: [], split: true };
  if (status === 400) return byHalves(entries, answer);
  throw refusal(url, answer);
}

/** Something is wrong with one of them: it is found by sending less. */
function byHalves(entries: Batch['entries'], answer: HttpAnswer): Outcome {
  if (entries.length > 1) return { delivered: 0, already: 0, retry: entries, rejected: [], split: true };
  const reason = wazuhWords(answer);
  return { delivered: 0, already: 0, retry: [], rejected: entries.map((entry) => ({ entry, status: answer.status, reason })) };
}

interface Forwarded {
  readonly error?: number;
  readonly data?: {
    readonly total_failed_items?: number;
    /** By error: the events themselves, as they were sent. */
    readonly failed_items?: readonly { readonly error: { readonly code: number; readonly message: string }; readonly id: readonly string[] }[];
  };
}

/** A 200 says nothing yet: `error` is 0 when all were written, 1 when none, 2 when some were. */
function forwarded(url: URL, { entries }: Batch, answer: HttpAnswer): Outcome {
  const { error, data } = forwardedIn(url, answer);
  if (error === 0) return { delivered: entries.length, already: 0, retry: [], rejected: [] };
  const failures = new Map(data?.failed_items?.flatMap(({ error: why, id }) => id.map((text) => [text, why] as const)));
  const failed = entries.flatMap((entry) => {
    const why = failures.get(JSON.parse(entry.parts.join('')) as string);
    return why === undefined ? [] : [{ entry, why }];
  });
  const isTold = failed.length > 0 && failed.length === (data?.total_failed_items ?? failed.length);
  if (!isTold) return byHalves(entries, answer);
  const rejected = failed.filter(({ why }) => why.code === BAD_EVENT);
  return {
    delivered: entries.length - failed.length,
    already: 0,
    retry: failed.flatMap(({ entry, why }) => (why.code === BAD_EVENT ? [] : [entry])),
    rejected: rejected.map(({ entry, why }) => ({ entry, status: 200, reason: why.message })),
    ...(rejected.length < failed.length ? { retryAfterMs: 0 } : {}),
  };
}

function forwardedIn(url: URL, { body }: HttpAnswer): Forwarded {
  try {
    const parsed = JSON.parse(body) as Forwarded | null;
    if (typeof parsed?.error === 'number') return parsed;
  } catch {
    // Said below.
  }
  throw new SinkError('temporary', `${url.origin}: the answer is not what the API of Wazuh writes`, {
    hint: 'check what stands between portlog and the manager',
  });
}

function refusal(url: URL, answer: HttpAnswer): SinkError {
  const { status, retryAfterMs } = answer;
  const where = url.origin;
  const said = `${status}: ${wazuhWords(answer)}`;
  if (status === 401 || status === 403)
    return new SinkError('permanent', `${where} does not allow this user to send events (${said})`, { hint: 'give it the permission event:ingest' });
  const elsewhere = redirection(url, answer);
  if (elsewhere !== undefined) return elsewhere;
  if (status === 429)
    return new SinkError('temporary', `${where} has had its ${MOST_REQUESTS} requests of this minute (${said})`, {
      retryAfterMs: retryAfterMs ?? BUSY_MS,
    });
  if (status >= 500) return new SinkError('temporary', `${where} is busy or broken (${said})`, { retryAfterMs });
  if (status === 404 || status === 405)
    return new SinkError('permanent', `${where} has no POST /events (${status})`, {
      hint: 'Wazuh has it from 4.6 on, and 5 has it no more; else write a file: wazuh=PATH',
    });
  return new SinkError('permanent', `${where} refuses the request (${said})`, { hint: 'check the URL' });
}

async function diagnose(url: URL, answer: HttpAnswer): Promise<Diagnosis> {
  if (answer.status !== 200) throw refusal(url, answer);
  return {
    level: 'ok',
    message: `${url.origin} is the API of Wazuh ${wazuhVersion(answer) ?? '(of which version, it does not say)'} and lets this user in`,
  };
}
