import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Database } from '../../src/state/database.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { freshDir, portlog } from '../support/run-portlog.ts';

const PROCESSES = 24;
/** Longer than any of them waits for an ordinary write. */
const HELD_MS = 6500;

test('processes that start at once on an old state: one migrates it, and the others wait', { timeout: 180_000 }, async () => {
  const stateDir = freshDir();
  const path = join(stateDir, 'portlog.db');
  const old = Database.open(path, SCHEMA_VERSIONS.slice(0, 3));
  const known = (key: string): string =>
    JSON.stringify({ key, ips: [key], time: 1, up: { yes: { first: 1, times: [1] } }, scan: 1, marks: [], ports: {}, tested: [], findings: {} });
  old.transaction(() => {
    for (let i = 0; i < 2000; i++)
      old.run(
        'INSERT INTO host (site, key, time, up, known) VALUES (?, ?, 1, 1, ?)',
        'a',
        `10.0.${i >> 8}.${i & 255}`,
        known(`10.0.${i >> 8}.${i & 255}`),
      );
  });
  old.close();
  // As one does that has much to bring up to date.
  const holder = new DatabaseSync(path);
  holder.exec('BEGIN IMMEDIATE');
  const all = Array.from({ length: PROCESSES }, () => portlog(['status', '--state-dir', stateDir]));
  await wait(HELD_MS);
  holder.exec('ROLLBACK');
  holder.close();
  for (const { code, stderr } of await Promise.all(all)) expect([code, stderr]).toEqual([0, '']);
  const database = new DatabaseSync(path);
  expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: SCHEMA_VERSIONS.length });
  expect(database.prepare("SELECT count(*) AS hosts FROM host WHERE place <> ''").get()).toEqual({ hosts: 2000 });
  database.close();
});
