import type { WazuhOptions } from './options.ts';
import { type Clock, systemClock } from '../../core/clock.ts';
import { flatLine } from '../../event/flat.ts';
import { isCount, isObject, type Json, jsonIn, unknownAnswer, wordsAt } from '../transport/answer.ts';
import { encoded } from '../transport/body.ts';
import type { HttpAnswer } from '../transport/http.ts';
import { behindStatus, redirection, unavailable } from '../transport/refusal.ts';
import { addressOf, scopeOf, urlOf } from '../address.ts';
import { allDelivered, inHalves, refusedAsOne } from '../outcome.ts';
import { shownAddress } from '../shown.ts';
import { type Batch, type Diagnosis, type Outcome, type Refusal, type Sink, SinkError } from '../sink.ts';
import { wazuhApi, WAZUH_API_URL, wazuhVersion, wazuhWords } from './api.ts';

/** Limits of a request; the API accepts up to 10 MB. */
const LIMITS = { maxEvents: 100, maxBytes: 8 << 20, inFlight: 1, inFlightPerPartition: 1 };
/** Requests per minute that the API allows for all of its users together, failed ones included. */
const MOST_REQUESTS = 30;
/** It counts from when it got the first one until more than a minute has passed; we count from its answers, and its clock is not ours. */
const WITHIN_MS = 61_000;
/** Pause after a refusal: others may have used up the limit, and the minute that is counted may have begun at any time. */
const BUSY_MS = 10_000;
/** The privilege for sending events, and how a user gets it. */
const RIGHT_NAME = 'event:ingest';
const RIGHT = `give it the permission ${RIGHT_NAME} on *:*:* (Wazuh: Server management, Security, Policies and Roles); docs/how-to/wazuh.md`;
/** Error code "Invalid message to queue": the event is too long. Other errors may pass. */
const BAD_EVENT = 1012;

/**
 * `POST /events` of a manager, since 4.6: for machines without an agent and for few events, because it accepts 3,000 a minute at most.
 * Delivered means written to the queue of the analysis engine.
 * https://documentation.wazuh.com/current/user-manual/api/reference.html#tag/Events
 */
export function wazuhEvents(options: WazuhOptions): Omit<Sink, 'accepts'> {
  const url = urlOf(options, WAZUH_API_URL);
  const api = wazuhApi(options, url);
  const inTurn = turns(options.clock ?? systemClock);

  return {
    name: `wazuh ${shownAddress(url)}`,
    identity: { type: 'wazuh', target: addressOf(url), scope: scopeOf({}, options) },
    limits: LIMITS,
    undeliverable: 'keep',
    // The API expects each event as a string in a list.
    encode: (event) => encoded([JSON.stringify(flatLine(event))]),
    async check(signal) {
      const root = diagnose(url, await api.request({ method: 'GET', path: '/' }, signal));
      return [root, rightsDiagnosis(url, await api.request({ method: 'GET', path: '/security/users/me/policies' }, signal))];
    },
    async send(batch, signal) {
      const body = `{"events":[${batch.entries.map(({ parts }) => parts.join('')).join(',')}]}`;
      const answer = await inTurn(() => api.request({ method: 'POST', path: '/events', body }, signal), signal);
      return outcomeOf(url, batch, answer);
    },
    close: () => api.close(),
  };
}

/** Asks as soon as another request is within the limit. The first one may wait for a login before it gets there. */
function turns(clock: Clock): (ask: () => Promise<HttpAnswer>, signal: AbortSignal) => Promise<HttpAnswer> {
  const ends: number[] = [];
  return async (ask, signal) => {
    const oldest = ends.length < MOST_REQUESTS ? undefined : ends.shift();
    if (oldest !== undefined) await clock.sleep(Math.max(0, oldest + WITHIN_MS - clock.elapsed()), signal);
    if (signal.aborted) throw new SinkError('temporary', 'wazuh: interrupted while it waited for the rate limit');
    try {
      return await ask();
    } finally {
      ends.push(clock.elapsed());
    }
  };
}

function outcomeOf(url: URL, batch: Batch, answer: HttpAnswer): Outcome {
  const { status } = answer;
  const { entries } = batch;
  if (status >= 200 && status < 300) return forwarded(url, batch, answer);
  if (status === 413 || status === 417) return inHalves(entries);
  if (status === 400) return refusedAsOne(entries, refusalIn(answer));
  throw refusal(url, answer);
}

function refusalIn(answer: HttpAnswer): Refusal {
  return { reason: wazuhWords(answer) || `status ${answer.status}`, status: answer.status };
}

/** Why the manager did not accept some events, by the text of the event. */
type Failures = ReadonlyMap<string, { readonly code: number; readonly message: string }>;

interface Forwarded {
  /** 0 when all were written, 1 when none, 2 when some were. */
  readonly error: number;
  readonly affected: number | undefined;
  readonly failed: number | undefined;
  readonly failures: Failures;
}

/** A 200 alone acknowledges nothing: `error` and the number of written events show whether all were written. */
function forwarded(url: URL, batch: Batch, answer: HttpAnswer): Outcome {
  const { entries } = batch;
  const { error, affected, failed: reported, failures } = forwardedIn(url, answer);
  if (error === 0) {
    if (affected !== entries.length || reported !== 0)
      throw unknownAnswer(url.origin, `it says that everything was forwarded, but counts ${affected ?? 'nothing'} of ${entries.length} events`);
    return allDelivered(batch);
  }
  const failed = entries.flatMap((entry) => {
    const why = failures.get(JSON.parse(entry.parts.join('')) as string);
    return why === undefined ? [] : [{ entry, why }];
  });
  const isReported = failed.length > 0 && failed.length === reported && affected === entries.length - failed.length;
  if (!isReported) return refusedAsOne(entries, refusalIn(answer));
  const rejected = failed.filter(({ why }) => why.code === BAD_EVENT);
  return {
    delivered: entries.length - failed.length,
    already: 0,
    retry: failed.flatMap(({ entry, why }) => (why.code === BAD_EVENT ? [] : [entry])),
    rejected: rejected.map(({ entry, why }) => ({ entry, status: answer.status, reason: why.message })),
    ...(rejected.length < failed.length ? { retryAfterMs: 0 } : {}),
  };
}

function forwardedIn(url: URL, { body }: HttpAnswer): Forwarded {
  const json = jsonIn(body);
  if (!isObject(json) || !isCount(json['error']) || !isObject(json['data'] ?? {}))
    throw unknownAnswer(url.origin, 'the answer is not what the API of Wazuh writes');
  const { total_affected_items: affected, total_failed_items: failed, failed_items: items } = (json['data'] ?? {}) as Json;
  return {
    error: json['error'],
    affected: isCount(affected) ? affected : undefined,
    failed: isCount(failed) ? failed : undefined,
    failures: new Map((Array.isArray(items) ? (items as readonly unknown[]) : []).flatMap(failuresIn)),
  };
}

function failuresIn(item: unknown): readonly (readonly [event: string, why: { readonly code: number; readonly message: string }])[] {
  if (!isObject(item) || !isObject(item['error']) || !isCount(item['error']['code']) || !Array.isArray(item['id'])) return [];
  const why = { code: item['error']['code'], message: wordsAt(item, 'error', 'message') ?? 'no reason given' };
  return (item['id'] as readonly unknown[]).flatMap((event) => (typeof event === 'string' ? [[event, why] as const] : []));
}

function refusal(url: URL, answer: HttpAnswer): SinkError {
  const { status, retryAfterMs } = answer;
  const where = url.origin;
  const errorText = behindStatus(wazuhWords(answer));
  if (status === 401 || status === 403)
    return new SinkError('permanent', `${where} does not allow this user to send events (${status}${errorText})`, { hint: RIGHT });
  const redirected = redirection(url, answer);
  if (redirected !== undefined) return redirected;
  if (status === 429)
    return new SinkError('temporary', `${where} has had its ${MOST_REQUESTS} requests of this minute (${status}${errorText})`, {
      retryAfterMs: retryAfterMs ?? BUSY_MS,
    });
  if (status >= 500) return unavailable(url, answer, errorText);
  if (status === 404 || status === 405)
    return new SinkError('permanent', `${where} has no POST /events (${status})`, {
      hint: 'Wazuh has it from 4.6 on, and 5 has it no more; else write a file: wazuh=PATH',
    });
  return new SinkError('permanent', `${where} refuses the request (${status}${errorText})`, { hint: 'check the URL' });
}

function diagnose(url: URL, answer: HttpAnswer): Diagnosis {
  if (answer.status !== 200) throw refusal(url, answer);
  return {
    level: 'ok',
    message: `${url.origin} is the API of Wazuh ${wazuhVersion(answer) ?? '(unknown version)'} and accepts this user`,
  };
}

/**
 * Checks whether this user may send events; otherwise only the first event would show it. A policy denies what it does not name, unless the
 * manager is set to `rbac_mode: black`.
 * https://documentation.wazuh.com/current/user-manual/api/rbac/reference.html
 */
function rightsDiagnosis(url: URL, { status, body }: HttpAnswer): Diagnosis {
  const json = jsonIn(body);
  const policies = isObject(json) && isObject(json['data']) ? json['data'] : undefined;
  if (status !== 200 || policies === undefined)
    return { level: 'warning', message: `whether this user may send events cannot be seen (${status}); only a real event shows it`, hint: RIGHT };
  const effects = isObject(policies[RIGHT_NAME]) ? Object.values(policies[RIGHT_NAME]) : [];
  const isAllowed = policies['rbac_mode'] === 'black' ? !effects.includes('deny') : effects.includes('allow');
  if (isAllowed) return { level: 'ok', message: `this user may send events (${RIGHT_NAME})` };
  return { level: 'error', message: `${url.origin}: this user may not send events: it lacks ${RIGHT_NAME}`, hint: RIGHT };
}
