import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Directory } from '../../src/source/directory.ts';
import { UnfinishedFiles, unfinishedFiles } from '../../src/state/unfinished-files.ts';
import { countingDatabase } from '../support/counting-database.ts';
import { fastDir, freshDir } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';

const FILES = 300;

test('very many unfinished files are stored at once, and cost no statement each when they are the same again', async () => {
  const path = freshDir();
  for (let i = 0; i < FILES; i++) writeFileSync(join(path, `${i}.xml`), '');
  writeFileSync(join(path, 'whole.xml'), scan(host('192.0.2.1', port(80))));
  const counting = countingDatabase();
  const database = counting.open(fastDir());
  const options = { cutAfterMs: 3_600_000, isOurClock: () => true };
  const directory = new Directory(path, { ...options, sightings: new UnfinishedFiles(database, path) });
  const now = Date.now();
  const transactions = database.transactions;
  const first = await directory.look(now, () => true);
  expect([first.ready.map(({ name }) => name), first.unfinished.length, database.transactions - transactions]).toEqual([['whole.xml'], FILES, 1]);
  const before = counting.statements;
  await directory.look(now + 1000, () => true);
  expect(counting.statements - before).toBeLessThan(5);
  expect(new Set(unfinishedFiles(database).map(({ since }) => since))).toEqual(new Set([now]));
  // Another process has them, too; and what is gone is forgotten.
  const other = new Directory(path, { ...options, sightings: new UnfinishedFiles(database, path) });
  expect((await other.look(now + 2 * 3_600_000, () => true)).ready).toHaveLength(FILES + 1);
  expect(unfinishedFiles(database)).toEqual([]);
  database.close();
});
