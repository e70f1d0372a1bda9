import type { Database } from './database.ts';
import type { RunSums } from './runs.ts';
import type { Tally } from './tally.ts';
import type { SinkIdentity } from '../sink/sink.ts';

/** Events read; portlog's own events and records; events that earlier runs had left in the spool. */
export type Account = 'read' | 'own' | 'replayed';
type Fate = keyof Tally;

/** Number of events of all runs together, by fate. */
export interface EventTotal {
  /** `sinkKey`; counts of earlier versions have the sink's name instead, until a run uses the sink again. */
  readonly sink: string;
  readonly account: Account;
  readonly fate: string;
  readonly events: number;
  /** When the last of them were counted, epoch milliseconds. */
  readonly last: number;
}

/** Events that were neither delivered nor kept, or purged, by all runs so far. */
export interface GivenUpSoFar {
  readonly identity: SinkIdentity;
  readonly events: number;
  /** When the last of them were counted, epoch milliseconds. */
  readonly last: number;
}

/** The state of a sink when a run last used it. */
export interface SinkState {
  /** As in {@link EventTotal}. */
  readonly sink: string;
  /** Undefined when nothing was ever sent to it. */
  readonly isUp: boolean | undefined;
  /** Since when, epoch milliseconds. */
  readonly since: number;
}

/** Limit for sinks that are not used any more. */
const KEPT_SINKS = 100;

/** Sums over all runs on one state file, which only grow. Each run adds its own at its end; the next run adds those of a killed one. */
export class Totals {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /** Called within the transaction that deletes the run. */
  add(sums: readonly RunSums[], now: number): void {
    for (const { sink: name, key: sink = name, tally, own, replayed, failing } of sums) {
      if (sink !== name) this.rename(name, sink);
      this.addTo(sink, 'read', tally, now);
      if (own !== undefined) this.addTo(sink, 'own', own, now);
      if (replayed !== undefined) this.addTo(sink, 'replayed', replayed, now);
      this.note(sink, failing === undefined ? null : Number(!failing), now);
    }
    for (const table of ['event_total', 'sink_state'])
      this.database.run(`DELETE FROM ${table} WHERE sink NOT IN (SELECT sink FROM sink_state ORDER BY looked DESC LIMIT ${KEPT_SINKS})`);
  }

  /** Counts events that waited for a sink (`sinkKey`) and were deleted by the user. Called within the transaction that deletes them. */
  discard(sink: string, events: number, now: number): void {
    this.addTo(sink, 'replayed', { discarded: events }, now);
  }

  /** Earlier versions counted by name, which two destinations may share: the one that is used first continues that count. */
  private rename(name: string, sink: string): void {
    const had = this.database.get('SELECT 1 FROM sink_state WHERE sink = ?', name) !== undefined;
    if (!had) return;
    this.database.run(
      `INSERT INTO event_total (sink, account, fate, events, last) SELECT ?, account, fate, events, last FROM event_total WHERE sink = ?
       ON CONFLICT (sink, account, fate) DO UPDATE SET events = events + excluded.events, last = max(last, excluded.last)`,
      sink,
      name,
    );
    this.database.run(
      'INSERT OR IGNORE INTO sink_state (sink, up, since, looked) SELECT ?, up, since, looked FROM sink_state WHERE sink = ?',
      sink,
      name,
    );
    for (const table of ['event_total', 'sink_state']) this.database.run(`DELETE FROM ${table} WHERE sink = ?`, name);
  }

  events(): readonly EventTotal[] {
    return this.database.all(
      'SELECT sink, account, fate, events, last FROM event_total ORDER BY sink, account, fate',
    ) as unknown as readonly EventTotal[];
  }

  /** Of sinks for which events are kept. */
  givenUp(): readonly GivenUpSoFar[] {
    const rows = this.database.all(
      `SELECT type, target, scope, sum(events) AS events, max(last) AS last FROM event_total
       JOIN sink ON event_total.sink = type || ' ' || target || ' ' || scope WHERE fate = 'discarded' GROUP BY sink.id ORDER BY sink.id`,
    ) as unknown as readonly (SinkIdentity & { events: number; last: number })[];
    return rows.map(({ events, last, ...identity }) => ({ identity, events, last }));
  }

  sinks(): readonly SinkState[] {
    return this.database
      .all('SELECT sink, up, since FROM sink_state ORDER BY sink')
      .map(({ sink, up, since }) => ({ sink: sink as string, isUp: up === null ? undefined : up === 1, since: since as number }));
  }

  private addTo(sink: string, account: Account, tally: Partial<Tally>, now: number): void {
    for (const [fate, events] of Object.entries(tally) as [Fate, number][])
      if (events > 0)
        this.database.run(
          `INSERT INTO event_total (sink, account, fate, events, last) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (sink, account, fate) DO UPDATE SET events = events + excluded.events, last = excluded.last`,
          sink,
          account,
          fate,
          events,
          now,
        );
  }

  /** Notes the state of a sink. `up`: null when it was not tried. */
  private note(sink: string, up: number | null, now: number): void {
    this.database.run(
      `INSERT INTO sink_state (sink, up, since, looked) VALUES (?, ?, ?, ?)
       ON CONFLICT (sink) DO UPDATE SET looked = excluded.looked,
         since = iif(excluded.up IS NULL OR up IS excluded.up, since, excluded.since), up = coalesce(excluded.up, up)`,
      sink,
      up,
      now,
      now,
    );
  }
}
