import { type AlertRule, runbookOf } from '../../alert/rule.ts';
import { ALERT_RULES } from '../../alert/rules.ts';
import { keyOf } from '../../alert/fires.ts';
import type { Clock } from '../../core/clock.ts';
import { inMemory } from '../memory.ts';
import { inHalves, NOTHING, refusedAsOne } from '../outcome.ts';
import type { Batch, Entry, Outcome, SinkMemory } from '../sink.ts';
import { type AlertRecord, isOver, KnownAlerts } from './known-alerts.ts';
import type { Members, PostableAlert } from './members.ts';
import { type AlertTexts, labelsOf, type Statement } from './statement.ts';

/** Alertmanager forgets alerts on a restart; its `resolve_timeout` is five minutes. */
const RENEW_MS = 2 * 60_000;
const AFTER_FAILURE_MS = 60_000;
const HOUR_MS = 3_600_000;

interface ActiveAlertsOptions {
  readonly members: Members;
  readonly words: AlertTexts;
  readonly clock: Clock;
  /** Lifetime of an alert that no event ends, in milliseconds. */
  readonly lifetimeMs: number;
  /** Sites whose overdue scans are reported by events, see `watchedSites` of the options. */
  readonly watchedSites: readonly string[];
  /** Most alerts per request. */
  readonly maxAlerts: number;
}

/** The alerts that are active, as the state file knows them: sent, renewed and ended. */
export class ActiveAlerts {
  /** When {@link renew} has something to do, epoch milliseconds. */
  due: number | undefined;
  private readonly options: ActiveAlertsOptions;
  private memory: SinkMemory = inMemory();
  private known = new KnownAlerts(this.memory);
  /** One request at a time, so that an alert is not renewed while its end is being sent. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(options: ActiveAlertsOptions) {
    this.options = options;
  }

  remember(memory: SinkMemory): void {
    this.memory = memory;
    this.known = new KnownAlerts(memory);
    this.due = Number(memory.get('due')) || undefined;
  }

  /** Sends what statements (see {@link Statement}) begin and end. */
  send(batch: Batch, signal: AbortSignal): Promise<Outcome> {
    return this.oneAtATime(() => this.sendNow(batch, signal));
  }

  /** Sends all active alerts, and ends that not every member has received. */
  renew(signal: AbortSignal): Promise<void> {
    return this.oneAtATime(() => this.renewNow(signal));
  }

  private oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => undefined);
    return result;
  }

  private async sendNow({ entries }: Batch, signal: AbortSignal): Promise<Outcome> {
    const { clock, members } = this.options;
    const now = clock.now();
    const statements = new Map(entries.map((entry) => [entry, readStatement(entry)]));
    const { toPost, causes } = this.known.plan([...statements.values()], now);
    const changed = [...toPost.values()].flatMap((alert) => this.postable(alert, now));
    const taken = changed.length === 0 ? ({ kind: 'taken', all: true } as const) : await members.post(changed, signal);
    if (taken.kind === 'too-large') return inHalves(entries);
    // The others were accepted, and will be accepted again.
    if (taken.kind === 'refused') return refusedAsOne(entries, taken.refusal);
    this.known.store([...statements.values()], now, !taken.all);
    const next = changed.length > 0 ? now + RENEW_MS : this.nextAbsence(now);
    if (next !== undefined && (this.due === undefined || next < this.due)) this.setDue(next);
    const delivered = entries.filter((entry) => causes.has(statements.get(entry) as Statement)).length;
    return { ...NOTHING, delivered, already: entries.length - delivered };
  }

  private async renewNow(signal: AbortSignal): Promise<void> {
    const { clock, maxAlerts } = this.options;
    const now = clock.now();
    // Even if this fails, the next attempt is later.
    this.setDue(now + AFTER_FAILURE_MS);
    this.noteAbsence(now);
    const active = this.known.all().filter(([, alert]) => !isOver(alert, now) || alert.owed === true);
    for (let at = 0; at < active.length; at += maxAlerts) await this.sendAgain(active.slice(at, at + maxAlerts), now, signal);
    this.known.prune(now);
    this.setDue(active.length > 0 ? now + RENEW_MS : this.nextAbsence(now));
  }

  private async sendAgain(some: readonly (readonly [string, AlertRecord])[], now: number, signal: AbortSignal): Promise<void> {
    const alerts = some.flatMap(([, alert]) => this.postable(alert, now));
    const taken = await this.options.members.post(alerts, signal);
    const isTakenByAll = taken.kind === 'taken' && taken.all;
    this.memory.transaction(() => {
      for (const [key, alert] of some) {
        const current = this.known.get(key);
        if (current === undefined) continue;
        // Another process has ended the alert meanwhile; this request may have raised it again.
        const isUndone = !isOver(alert, now) && isOver(current, now);
        if (isUndone) this.known.put(key, { ...current, owed: true });
        else if (current.owed === true && isTakenByAll) this.known.put(key, withoutOwed(current));
      }
    });
  }

  /** Detects overdue scans, for which there is no event. */
  private noteAbsence(now: number): void {
    for (const [rule, hours] of ABSENCES)
      for (const scanned of this.known.scanned()) if (now - scanned.heard >= hours * HOUR_MS) this.noteOverdue(rule, hours, scanned, now);
  }

  /** `heard`: when the latest finished scan of the site was read; `ended`: when that scan ended. */
  private noteOverdue(rule: AlertRule, hours: number, { site, ended, heard }: ReturnType<KnownAlerts['scanned']>[number], now: number): void {
    const { words, watchedSites } = this.options;
    const document = { nmap: { site } };
    if (!words.isMeant(rule, document, 0) || watchedSites.includes(site)) return;
    const key = keyOf(rule, document);
    const before = this.known.get(key);
    if (before !== undefined && before.ended === undefined) return;
    const summary = `No finished scan of site ${site} for ${hours} hours`;
    const annotations = { summary, message: summary, description: rule.about, runbook_url: runbookOf(rule.id, words) };
    this.known.put(key, { labels: labelsOf(rule, document), annotations, startsAt: heard + hours * HOUR_MS, after: ended + 1, touched: now });
  }

  private nextAbsence(now: number): number | undefined {
    const times = this.known.scanned().flatMap(({ heard }) => ABSENCES.map(([, hours]) => heard + hours * HOUR_MS));
    const later = times.filter((time) => time > now);
    return later.length === 0 ? undefined : Math.min(...later);
  }

  private setDue(time: number | undefined): void {
    this.due = time;
    this.memory.put('due', String(time ?? ''));
    this.memory.wakeAt(time);
  }

  /** The alert as it is posted; none without labels, because then only its end is known. */
  private postable({ labels, annotations = {}, startsAt, ended, until }: AlertRecord, now: number): readonly PostableAlert[] {
    if (labels === undefined) return [];
    const start = Math.min(startsAt, now);
    const end = ended === undefined ? (until ?? now + this.options.lifetimeMs) : Math.min(Math.max(ended, start), now);
    return [{ labels, annotations, startsAt: new Date(start).toISOString(), endsAt: new Date(end).toISOString() }];
  }
}

/** Rules about absence, with their hours. */
const ABSENCES: readonly (readonly [rule: AlertRule, hours: number])[] = ALERT_RULES.flatMap((rule) =>
  rule.absentForHours === undefined ? [] : [[rule, rule.absentForHours] as const],
);

function readStatement({ parts }: Entry): Statement {
  return JSON.parse(parts.join('')) as Statement;
}

function withoutOwed(alert: AlertRecord): AlertRecord {
  const { owed, ...rest } = alert;
  return owed === true ? rest : alert;
}
