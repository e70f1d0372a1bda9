import { number, optional, parsedAs, record, tableOf, text } from '../../core/shape.ts';
import type { SinkMemory } from '../sink.ts';
import type { Labels, RaisedAlert, Statement } from './statement.ts';

/** The record of an alert; without labels, only its end is known. Times are epoch milliseconds. */
export interface AlertRecord {
  readonly labels?: Labels;
  readonly annotations?: Labels;
  readonly startsAt: number;
  /** Only a later event may end it. */
  readonly after: number;
  /** When it expires, by our clock. */
  readonly until?: number;
  /** When it ended, by the times of scans. */
  readonly ended?: number;
  /** Not every member of the cluster has received its end. */
  readonly owed?: true;
  /** When the record was changed last, by our clock. */
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

/** A site with a finished scan. */
export interface ScannedSite {
  readonly site: string;
  /** When the latest scan of it ended. */
  readonly ended: number;
  /** When that scan was read, by our clock. */
  readonly heard: number;
}

const ALERT = 'alert ';
const SITE = 'site ';
/** Ended alerts are kept for longer than the spool keeps events, so that a late event does not raise them again. */
const KEPT_MS = 40 * 86_400_000;
const MAX_OVER = 20_000;

interface Plan {
  /** The changed records by the key of the alert. */
  readonly changed: ReadonlyMap<string, AlertRecord>;
  /** The records that must be sent to the server. */
  readonly toPost: ReadonlyMap<string, AlertRecord>;
  /** The statements that caused them. */
  readonly causes: ReadonlySet<Statement>;
}

/** The known alerts of one destination. */
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

  /** All alerts, or those of a rule. */
  all(rule?: string): readonly (readonly [key: string, alert: AlertRecord])[] {
    return this.memory.all(rule === undefined ? ALERT : `${ALERT}${rule} `).flatMap(([name, json]) => {
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

  /** Stops watching a site: its scans are never overdue. */
  forgetSite(site: string): void {
    this.memory.remove(SITE + site);
  }

  /** What statements change, in order, without storing it. */
  plan(statements: readonly Statement[], now: number): Plan {
    const changed = new Map<string, AlertRecord>();
    const toPost = new Map<string, AlertRecord>();
    const causes = new Set<Statement>();
    for (const statement of statements) {
      const change = (key: string, next: AlertRecord | undefined, isNews: boolean): void => {
        if (next === undefined) return;
        changed.set(key, next);
        if (!isNews && !toPost.has(key)) return;
        toPost.set(key, next);
        causes.add(statement);
      };
      const before = (key: string): AlertRecord | undefined => changed.get(key) ?? this.get(key);
      for (const raised of statement.raised) change(raised.key, afterRaising(before(raised.key), raised, statement.time, now), true);
      for (const key of statement.ended) {
        const was = before(key);
        change(key, afterEnd(was, statement.time, now), was !== undefined && !isOver(was, now));
      }
    }
    return { changed, toPost, causes };
  }

  /** Stores what statements change, in one transaction, on the records as they are then: another process may have changed them. */
  store(statements: readonly Statement[], now: number, isOwed: boolean): void {
    this.memory.transaction(() => {
      const { changed, toPost } = this.plan(statements, now);
      for (const [key, alert] of changed) this.put(key, isOwed && toPost.has(key) && isOver(alert, now) ? { ...alert, owed: true } : alert);
      for (const { scanned, time } of statements) if (scanned !== undefined) this.noteScan(scanned, time, now);
    });
  }

  /** Deletes alerts that ended long ago. */
  prune(now: number): void {
    const over = this.all().filter(([, alert]) => isOver(alert, now) && alert.owed !== true);
    const oldest = over.toSorted(([, a], [, b]) => b.touched - a.touched);
    this.memory.transaction(() => {
      for (const [index, [key, { touched, until = 0 }]] of oldest.entries())
        if (index >= MAX_OVER || now - Math.max(touched, until) > KEPT_MS) this.memory.remove(ALERT + key);
    });
  }

  /** Records a finished scan, unless it is older than the latest. */
  private noteScan(site: string, ended: number, now: number): void {
    const known = parsedAs(this.memory.get(SITE + site), SCANNED);
    if (known === undefined || ended > known.ended) this.memory.put(SITE + site, JSON.stringify({ ended, heard: now }));
  }
}

/** Whether it has ended or expired. */
export function isOver({ ended, until }: AlertRecord, now: number): boolean {
  return ended !== undefined || (until !== undefined && until <= now);
}

/** The record after an event that raises the alert; undefined when nothing changes: it ended after that event, or is active already. */
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
  // It stays active under its labels; its annotations change.
  return { ...fresh, labels: before.labels ?? labels, startsAt: before.startsAt, after: before.after };
}

/** The record after an event that ends the alert; undefined when nothing changes. */
function afterEnd(before: AlertRecord | undefined, time: number, now: number): AlertRecord | undefined {
  if (before === undefined) return { startsAt: time, after: time, ended: time, touched: now };
  if (before.ended !== undefined) return time > before.ended ? { ...before, ended: time, touched: now } : undefined;
  return time < before.after ? undefined : { ...before, ended: time, touched: now };
}
