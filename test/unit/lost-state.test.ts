import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/state/store.ts';
import { freshDir } from '../support/run-portlog.ts';

test('a state file that nobody can look at is not said to be lost, one that is gone or another is', () => {
  const [real, link, other] = ['real', 'link', 'other'].map((name) => join(freshDir(), name)) as [string, string, string];
  for (const folder of [real, other]) mkdirSync(folder, { mode: 0o700 });
  const pointTo = (target: string): void => {
    rmSync(link, { force: true });
    symlinkSync(target, link);
  };
  pointTo(real);
  openDatabase(other).close();
  const database = openDatabase(link);
  expect(database.isLost).toBe(false);
  // A link to itself cannot be followed, as little as a folder without the right to enter it.
  pointTo(link);
  expect(database.isLost).toBe(false);
  pointTo(other);
  expect(database.isLost).toBe(true);
  pointTo(`${real}-moved`);
  expect(database.isLost).toBe(true);
  renameSync(real, `${real}-moved`);
  expect(database.isLost).toBe(false);
  database.close();
});
