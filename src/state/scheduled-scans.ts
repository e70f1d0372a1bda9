import type { IsAlive } from './runs.ts';
import type { Database } from './database.ts';

/** A scan of a schedule. Times are epoch milliseconds. */
export interface ScheduledScan {
  readonly name: string;
  readonly site: string;
  readonly due: number;
  readonly started: number;
  /** Undefined while it is running. */
  readonly ended: number | undefined;
  /** Why there is no finished scan. */
  readonly problem: string | undefined;
}

/** The first of the missed scans, and the reason. */
interface MissedScan {
  readonly due: number;
  readonly problem: string;
  readonly until: number;
}

const KEPT_SCANS = 100;
/** Tolerance for clock adjustments; a larger difference means that the clock was wrong. */
const CLOCK_SLACK_MS = 300_000;
const ENDED_UNEXPECTEDLY = 'portlog ended unexpectedly';

/** The results of scheduled scans, so that a failed or missed one is reported once. */
export class ScheduledScans {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /**
   * The time up to which all due scans have run or were reported. A changed timetable starts from now, and so does one that is settled up to a
   * future time, because the clock was ahead.
   */
  handledUntil(name: string, timetable: string, now: number): number {
    if (this.database.run('UPDATE schedule SET since = ? WHERE name = ? AND since > ?', now, name, now + CLOCK_SLACK_MS) > 0)
      this.database.run('DELETE FROM scheduled_scan WHERE name = ? AND due > ?', name, now + CLOCK_SLACK_MS);
    this.database.run(
      `INSERT INTO schedule (name, timetable, since) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET timetable = excluded.timetable, since = excluded.since WHERE timetable <> excluded.timetable`,
      name,
      timetable,
      now,
    );
    return this.database.get('SELECT since FROM schedule WHERE name = ?', name)?.['since'] as number;
  }

  /** The same for those who only read: undefined when the timetable is a new one. */
  settledUntil(name: string, timetable: string): number | undefined {
    return this.database.get('SELECT since FROM schedule WHERE name = ? AND timetable = ?', name, timetable)?.['since'] as number | undefined;
  }

  /** Claims the scan that was due at `due`; false when another process has it. It counts for everything due since then, too. */
  begin(name: string, site: string, due: number, pid: number, now: number): boolean {
    return this.database.transaction(() => {
      const begun = this.database.run(
        'INSERT OR IGNORE INTO scheduled_scan (name, due, site, pid, started) VALUES (?, ?, ?, ?, ?)',
        name,
        due,
        site,
        pid,
        now,
      );
      this.markHandled(name, now);
      this.database.run(
        'DELETE FROM scheduled_scan WHERE name = ? AND due NOT IN (SELECT due FROM scheduled_scan WHERE name = ? ORDER BY due DESC LIMIT ?)',
        name,
        name,
        KEPT_SCANS,
      );
      return begun > 0;
    });
  }

  end(name: string, due: number, problem: string | undefined, now: number): void {
    this.database.run('UPDATE scheduled_scan SET ended = ?, problem = ? WHERE name = ? AND due = ?', now, problem ?? null, name, due);
  }

  /** Records a missed scan; what was due until `until` is settled with it. */
  miss(name: string, site: string, { due, problem, until }: MissedScan, now: number): void {
    this.database.transaction(() => {
      this.database.run(
        'INSERT OR IGNORE INTO scheduled_scan (name, due, site, pid, started, ended, problem) VALUES (?, ?, ?, 0, ?, ?, ?)',
        name,
        due,
        site,
        now,
        now,
        problem,
      );
      this.markHandled(name, until);
    });
  }

  /** The latest scan. One whose process is gone counts as ended, even if that cannot be written. */
  last(name: string, isAlive: IsAlive): ScheduledScan | undefined {
    const row = this.database.get('SELECT * FROM scheduled_scan WHERE name = ? ORDER BY due DESC LIMIT 1', name);
    if (row === undefined) return undefined;
    const scan = scanOf(row);
    return scan.ended === undefined && !isAlive(row['pid'] as number, scan.started) ? { ...scan, problem: ENDED_UNEXPECTEDLY } : scan;
  }

  /** Whether a scan is going on. */
  isRunning(name: string, isAlive: IsAlive): boolean {
    const last = this.last(name, isAlive);
    return last !== undefined && last.ended === undefined && last.problem === undefined;
  }

  /** When the latest successful scan ended. */
  lastGood(name: string): number | undefined {
    const row = this.database.get('SELECT max(ended) AS ended FROM scheduled_scan WHERE name = ? AND problem IS NULL', name);
    return (row?.['ended'] as number | null) ?? undefined;
  }

  /** Notes that scans have ended whose process is gone, and returns them. */
  endKilled(isAlive: IsAlive, now: number): readonly ScheduledScan[] {
    const open = this.database.all('SELECT * FROM scheduled_scan WHERE ended IS NULL');
    const killed = open.filter(({ pid, started }) => !isAlive(pid as number, started as number)).map(scanOf);
    for (const { name, due } of killed) this.end(name, due, ENDED_UNEXPECTEDLY, now);
    return killed.map((scan) => ({ ...scan, ended: now, problem: ENDED_UNEXPECTEDLY }));
  }

  /** Failed scans that were not reported yet. */
  failed(isAlive: IsAlive, now: number): readonly ScheduledScan[] {
    this.endKilled(isAlive, now);
    return this.database.all('SELECT * FROM scheduled_scan WHERE problem IS NOT NULL AND announced = 0 ORDER BY due').map(scanOf);
  }

  markAnnounced({ name, due }: ScheduledScan): void {
    this.database.run('UPDATE scheduled_scan SET announced = 1 WHERE name = ? AND due = ?', name, due);
  }

  private markHandled(name: string, until: number): void {
    this.database.run('UPDATE schedule SET since = max(since, ?) WHERE name = ?', until, name);
  }
}

function scanOf(row: Readonly<Record<string, unknown>>): ScheduledScan {
  const { name, site, due, started, ended, problem } = row as unknown as {
    name: string;
    site: string;
    due: number;
    started: number;
    ended: number | null;
    problem: string | null;
  };
  return { name, site, due, started, ended: ended ?? undefined, problem: problem ?? undefined };
}
