import type { Database } from './database.ts';

const DAY_MS = 86_400_000;

/**
 * Notes that portlog is used at `now` (epoch milliseconds), and returns how much time has passed while portlog could notice it. A single step
 * counts for at most a day, or a tenth of the maximum age: a clock that is set forty days ahead, or a machine that was off for that long, must
 * not expire events that nobody had a chance to deliver.
 */
export function timePassed(database: Database, now: number, maxAgeMs: number): number {
  const row = database.get('SELECT last, passed FROM looked');
  const last = Number(row?.['last'] ?? now);
  const step = Math.max(0, Math.min(now - last, DAY_MS, maxAgeMs / 10));
  const passed = Math.round(Number(row?.['passed'] ?? 0) + step);
  database.run('INSERT OR REPLACE INTO looked (id, last, passed) VALUES (1, ?, ?)', now, passed);
  return passed;
}
