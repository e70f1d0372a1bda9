import { expect, test } from 'vitest';
import { Survey } from '../../src/metrics/survey.ts';
import type { Database } from '../../src/state/database.ts';

const CLOCK = { now: () => 0, elapsed: () => 0, random: () => 0, sleep: async () => undefined };

test('known hosts are counted again after a count that failed, although nothing has changed in the state', async () => {
  let counts = 0;
  const database = {
    get: () => ({ data_version: 1 }),
    all() {
      if (++counts === 1) throw new Error('database is locked');
      return [];
    },
  } as unknown as Database;
  const survey = new Survey(database, CLOCK);
  const zoneOf = (): undefined => undefined;
  await expect(survey.series(zoneOf)).rejects.toThrow('database is locked');
  expect([await survey.series(zoneOf), counts]).toEqual([[], 2]);
  // What was counted stands until something changes.
  expect([await survey.series(zoneOf), counts]).toEqual([[], 2]);
});
