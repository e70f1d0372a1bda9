import type { AlertmanagerOptions } from './options.ts';
import { type AlertRule, runbookOf } from '../../alert/rule.ts';
import { ALERT_RULES } from '../../alert/rules.ts';
import { keyOf } from '../../alert/fires.ts';
import { systemClock } from '../../core/clock.ts';
import { ALERTING } from '../../event/event.ts';
import { isAlertMeant } from '../only.ts';
import { accepting, addressOf, targetsOf, urlOf } from '../options.ts';
import { shownAddress } from '../shown.ts';
import type { Batch, Entry, Outcome, Sink, SinkMemory } from '../sink.ts';
import { encoded } from '../transport/body.ts';
import { httpClient } from '../transport/http.ts';
import { inMemory } from '../memory.ts';
import { KnownAlerts, type AlertRecord, isOver } from './known-alerts.ts';
import { Members, type PostableAlert } from './members.ts';
import { isAboutAlerts, labelsOf, type Statement, statementOf, type AlertTexts } from './statement.ts';

/** Its default address. */
export const ALERTMANAGER_URL = 'http://127.0.0.1:9093';
/** In order, because the end of an alert must come after its start. */
const LIMITS = { maxEvents: 200, maxBytes: 1 << 20, inFlight: 1, inFlightPerPartition: 1 };
/** A weekly scan, and a day. */
const DEFAULT_LIFETIME_MS = 8 * 86_400_000;
/** Alertmanager forgets alerts on a restart; its `resolve_timeout` is five minutes. */
const RENEW_MS = 2 * 60_000;
const AFTER_FAILURE_MS = 60_000;
const HOUR_MS = 3_600_000;

/**
 * Prometheus' Alertmanager, API v2: the rules of the catalogue, evaluated on the events of the run. Active alerts are kept in
 * the state file (docs/decisions/0051-alertmanager.md), sent again every two minutes, and end with an event.
 * https://prometheus.io/docs/alerting/latest/clients/
 */
export function alertmanagerSink(given: AlertmanagerOptions): Sink {
  // It accepts no compressed requests.
  const options: AlertmanagerOptions = { ...given, compression: 'none' };
  const urls = targetsOf(options).map((target) => urlOf({ type: options.type, target }, ALERTMANAGER_URL));
  const [first = new URL(ALERTMANAGER_URL), ...others] = urls;
  const members = new Members(urls.map((url) => httpClient(options, url)));
  const { lifetimeMs = DEFAULT_LIFETIME_MS, runbooks, hostDashboard, clock = systemClock } = options;
  const words: AlertTexts = { isMeant: (rule, document, severity) => isAlertMeant(options.only, document, severity, rule), runbooks, hostDashboard };
  let memory: SinkMemory = inMemory();
  let book = new KnownAlerts(memory);
  let due: number | undefined;
  /** One request at a time: an alert must not be renewed while its end is being sent. */
  let turn: Promise<unknown> = Promise.resolve();

  return {
    name: `alertmanager ${shownAddress(first)}${others.length === 0 ? '' : ` and ${others.length} more`}`,
    // A cluster is identified by its first member, without `only`, so that active alerts survive a change of that.
    identity: { type: 'alertmanager', target: addressOf(first), scope: '' },
    limits: LIMITS,
    undeliverable: 'keep',
    accepts: accepting({ datasets: options.datasets?.filter((dataset) => (ALERTING as readonly string[]).includes(dataset)) ?? ALERTING }),
    wants: (event) => isAboutAlerts(event, words),
    encode: (event) => encoded([JSON.stringify(statementOf(event, words))]),
    check: (signal) => members.check(signal),
    send: (batch, signal) => inTurn(() => send(batch, signal)),
    close: () => members.close(),
    upkeep: {
      remember(given) {
        memory = given;
        book = new KnownAlerts(memory);
        due = Number(memory.get('due')) || undefined;
      },
      due: () => due,
      renew: (signal) => inTurn(() => renew(signal)),
    },
  };

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  }

  async function send({ entries }: Batch, signal: AbortSignal): Promise<Outcome> {
    const now = clock.now();
    const statements = new Map(entries.map((entry) => [entry, readStatement(entry)]));
    const { toPost, causes } = book.plan([...statements.values()], now);
    const news = [...toPost.values()].flatMap((alert) => postable(alert, now));
    const taken = news.length === 0 ? ({ kind: 'taken', all: true } as const) : await members.post(news, signal);
    if (taken.kind === 'too-large') return { ...NOTHING, retry: entries, split: true };
    if (taken.kind === 'refused') return refused(entries, taken.refusal);
    book.take([...statements.values()], now, !taken.all);
    const next = news.length > 0 ? now + RENEW_MS : nextAbsence(now);
    if (next !== undefined) wake(next);
    const delivered = entries.filter((entry) => causes.has(statements.get(entry) as Statement)).length;
    return { ...NOTHING, delivered, already: entries.length - delivered };
  }

  /** Sends all active alerts, and ends that not every member has received. */
  async function renew(signal: AbortSignal): Promise<void> {
    const now = clock.now();
    // Even if this fails, the next attempt is later.
    setDue(now + AFTER_FAILURE_MS);
    noteAbsence(now);
    const known = book.all().filter(([, alert]) => !isOver(alert, now) || alert.owed === true);
    for (let at = 0; at < known.length; at += LIMITS.maxEvents) await tellAgain(known.slice(at, at + LIMITS.maxEvents), now, signal);
    book.prune(now);
    const next = known.length > 0 ? now + RENEW_MS : nextAbsence(now);
    setDue(next);
  }

  async function tellAgain(some: readonly (readonly [string, AlertRecord])[], now: number, signal: AbortSignal): Promise<void> {
    const taken = await members.post(
      some.flatMap(([, alert]) => postable(alert, now)),
      signal,
    );
    memory.transaction(() => {
      for (const [key, alert] of some) {
        const current = book.get(key);
        if (current === undefined) continue;
        // Another process has sent its end meanwhile, which this may have undone.
        const isUndone = !isOver(alert, now) && isOver(current, now);
        if (isUndone) book.put(key, { ...current, owed: true });
        else if (current.owed === true && taken.kind === 'taken' && taken.all) book.put(key, withoutDebt(current));
      }
    });
  }

  /** Detects overdue scans, for which there is no event. */
  function noteAbsence(now: number): void {
    for (const [rule, hours] of ABSENCES) {
      for (const { site, ended, heard } of book.scanned()) {
        const document = { nmap: { site } };
        if (!words.isMeant(rule, document, 0)) continue;
        const key = keyOf(rule, document);
        const before = book.get(key);
        if (now - heard < hours * HOUR_MS || options.watchedSites?.includes(site) === true) continue;
        if (before !== undefined && before.ended === undefined) continue;
        const summary = `No finished scan of site ${site} for ${hours} hours`;
        const annotations = { summary, message: summary, description: rule.about, runbook_url: runbookOf(rule.id, { runbooks }) };
        book.put(key, { labels: labelsOf(rule, document), annotations, startsAt: heard + hours * HOUR_MS, after: ended + 1, touched: now });
      }
    }
  }

  function nextAbsence(now: number): number | undefined {
    const times = book.scanned().flatMap(({ heard }) => ABSENCES.map(([, hours]) => heard + hours * HOUR_MS));
    const later = times.filter((time) => time > now);
    return later.length === 0 ? undefined : Math.min(...later);
  }

  function wake(time: number): void {
    if (due === undefined || time < due) setDue(time);
  }

  function setDue(time: number | undefined): void {
    due = time;
    memory.put('due', String(time ?? ''));
    memory.wakeAt(time);
  }

  /** Without labels, only its end is known. */
  function postable({ labels, annotations = {}, startsAt, ended, until }: AlertRecord, now: number): readonly PostableAlert[] {
    if (labels === undefined) return [];
    const start = Math.min(startsAt, now);
    const end = ended === undefined ? (until ?? now + lifetimeMs) : Math.min(Math.max(ended, start), now);
    return [{ labels, annotations, startsAt: new Date(start).toISOString(), endsAt: new Date(end).toISOString() }];
  }
}

/** Rules about absence, with their hours. */
const ABSENCES: readonly (readonly [rule: AlertRule, hours: number])[] = ALERT_RULES.flatMap((rule) =>
  rule.absentForHours === undefined ? [] : [[rule, rule.absentForHours] as const],
);

const NOTHING: Outcome = { delivered: 0, already: 0, retry: [], rejected: [] };

/** Several entries are halved to find the bad one; the others were accepted, and are accepted again. */
function refused(entries: readonly Entry[], refusal: { readonly reason: string; readonly status?: number }): Outcome {
  const [only] = entries;
  if (entries.length > 1 || only === undefined) return { ...NOTHING, retry: entries, split: true };
  return { ...NOTHING, rejected: [{ entry: only, ...refusal }] };
}

function readStatement({ parts }: Entry): Statement {
  return JSON.parse(parts.join('')) as Statement;
}

function withoutDebt(alert: AlertRecord): AlertRecord {
  const { owed, ...settled } = alert;
  return owed === true ? settled : alert;
}
