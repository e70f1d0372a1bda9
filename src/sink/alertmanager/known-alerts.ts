import { number, optional, parsedAs, record, tableOf, text } from '../../core/shape.ts';
import type { SinkMemory } from '../sink.ts';
import type { Labels, RaisedAlert, Statement } from './statement.ts';

/** An alert as it is known; without labels, only that something of that key is over. Times are epoch milliseconds. */
export interface AlertRecord {
  readonly labels?: Labels;
  readonly annotations?: Labels;
  readonly startsAt: number;
  /** What ends it must be later. */
  readonly after: number;
  /** By our own clock: when it ends by itself. */
  readonly until?: number;
  /** By the scans: when it was over. */
  readonly ended?: number;
  /** Not every member of the cluster has heard that it is over. */
  readonly owed?: true;
  /** By our own clock: when this changed last. */
  readonly touched: number;
}

const RECORD = record({
  labels: optional(tableOf(text)),
  annotations: optional(tableOf(text)),
  startsAt: number,
  after: number,
  until: optional(number),
  ended: optional(number),
  touched: number,
});
const SCANNED = record({ ended: number, heard: number });

/** A site whose scans end well. */
export interface ScannedSite {
  readonly site: string;
  /** When the latest scan of it ended. */
  readonly ended: number;
  /** By our own clock: when that was heard of. */
  readonly heard: number;
}

const ALERT = 'alert ';
const SITE = 'site ';
/** What is over is known for so long, so that an older event that comes late does not raise it again: longer than the spool keeps one. */
const KEPT_MS = 40 * 86_400_000;
const MAX_OVER = 20_000;

interface Plan {
  /** By key: the alerts as they will be. */
  readonly changed: ReadonlyMap<string, AlertRecord>;
  /** Those of them that the server must hear of. */
  readonly told: ReadonlyMap<string, AlertRecord>;
  /** The statements that say so. */
  readonly telling: ReadonlySet<Statement>;
}

/** What is known of the alerts of one destination. */
export class KnownAlerts {
  private readonly memory: SinkMemory;

  constructor(memory: SinkMemory) {
    this.memory = memory;
  }

  get(key: string): AlertRecord | undefined {
    return parsedAs(this.memory.get(ALERT + key), RECORD) as AlertRecord | undefined;
  }

  put(key: string, alert: AlertRecord): void {
    this.memory.put(ALERT + key, JSON.stringify(alert));
  }

  all(): readonly (readonly [key: string, alert: AlertRecord])[] {
    return this.memory.all(ALERT).flatMap(([name, json]) => {
      const alert = parsedAs(json, RECORD) as AlertRecord | undefined;
      return alert === undefined ? [] : [[name.slice(ALERT.length), alert] as const];
    });
  }

  scanned(): readonly ScannedSite[] {
    return this.memory.all(SITE).flatMap(([name, json]) => {
      const known = parsedAs(json, SCANNED);
      return known === undefined ? [] : [{ ...known, site: name.slice(SITE.length) }];
    });
  }

  /** It is not looked after any more: no scan of it is missed. */
  forgetSite(site: string): void {
    this.memory.remove(SITE + site);
  }

  /** What statements change, one after the other; nothing is kept of it yet. */
  plan(statements: readonly Statement[], now: number): Plan {
    const changed = new Map<string, AlertRecord>();
    const told = new Map<string, AlertRecord>();
    const telling = new Set<Statement>();
    for (const statement of statements) {
      const change = (key: string, next: AlertRecord | undefined, isNews: boolean): void => {
        if (next === undefined) return;
        changed.set(key, next);
        if (!isNews && !told.has(key)) return;
        told.set(key, next);
        telling.add(statement);
      };
      const before = (key: string): AlertRecord | undefined => changed.get(key) ?? this.get(key);
      for (const raised of statement.raised) change(raised.key, afterRaising(before(raised.key), raised, statement.time, now), true);
      for (const key of statement.ended) {
        const was = before(key);
        change(key, afterEnd(was, statement.time, now), was !== undefined && !isOver(was, now));
      }
    }
    return { changed, told, telling };
  }

  /** The same, kept. In one transaction, and read anew: another process may have changed it meanwhile. */
  take(statements: readonly Statement[], now: number, isOwed: boolean): void {
    this.memory.transaction(() => {
      const { changed, told } = this.plan(statements, now);
      for (const [key, alert] of changed) this.put(key, isOwed && told.has(key) && isOver(alert, now) ? { ...alert, owed: true } : alert);
      for (const { scanned, time } of statements) if (scanned !== undefined) this.hear(scanned, time, now);
    });
  }

  /** Forgets what has been over for very long. */
  prune(now: number): void {
    const over = this.all().filter(([, alert]) => isOver(alert, now) && alert.owed !== true);
    const oldest = over.toSorted(([, a], [, b]) => b.touched - a.touched);
    this.memory.transaction(() => {
      for (const [index, [key, { touched, until = 0 }]] of oldest.entries())
        if (index >= MAX_OVER || now - Math.max(touched, until) > KEPT_MS) this.memory.remove(ALERT + key);
    });
  }

  /** A scan that came late says nothing of now. */
  private hear(site: string, ended: number, now: number): void {
    const known = parsedAs(this.memory.get(SITE + site), SCANNED);
    if (known === undefined || ended > known.ended) this.memory.put(SITE + site, JSON.stringify({ ended, heard: now }));
  }
}

/** Whether it stands no more. */
export function isOver({ ended, until }: AlertRecord, now: number): boolean {
  return ended !== undefined || (until !== undefined && until <= now);
}

/** Undefined when the event is no news: an alert that was over before it, or that has been told. */
function afterRaising(
  before: AlertRecord | undefined,
  { labels, annotations, after, standsMs }: RaisedAlert,
  time: number,
  now: number,
): AlertRecord | undefined {
  const fresh: AlertRecord = {
    labels,
    annotations,
    startsAt: time,
    after,
    touched: now,
    ...(standsMs === undefined ? {} : { until: now + standsMs }),
  };
  if (before === undefined) return fresh;
  if (before.ended !== undefined) return time > before.ended ? fresh : undefined;
  if (time <= before.startsAt) return undefined;
  if (isOver(before, now)) return fresh;
  // It has stood since then, under the labels that it had; there is more to say of it now.
  return { ...fresh, labels: before.labels ?? labels, startsAt: before.startsAt, after: before.after };
}

/** Undefined when it does not end anything. */
function afterEnd(before: AlertRecord | undefined, time: number, now: number): AlertRecord | undefined {
  if (before === undefined) return { startsAt: time, after: time, ended: time, touched: now };
  if (before.ended !== undefined) return time > before.ended ? { ...before, ended: time, touched: now } : undefined;
  return time < before.after ? undefined : { ...before, ended: time, touched: now };
}
