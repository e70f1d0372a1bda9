import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Directory, MemorySightings } from '../../src/source/directory.ts';
import { freshDir } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';

/** A call takes fewer arguments. */
const FILES = 130_000;

test('a directory within that has very many files holds up no other', async () => {
  const path = freshDir();
  for (const name of ['many', 'few']) mkdirSync(join(path, name));
  for (let i = 0; i < FILES; i++) closeSync(openSync(join(path, 'many', `${i}.xml`), 'w'));
  writeFileSync(join(path, 'few', 'a.xml'), scan(host('192.0.2.1', port(80))));
  const directory = new Directory(path, { cutAfterMs: 3_600_000, isOurClock: () => true, sightings: new MemorySightings(), isRecursive: true });
  const { ready, names } = await directory.look(Date.now(), ({ name }) => name === 'few/a.xml');
  expect([names.size, ready.map(({ name }) => name)]).toEqual([FILES + 1, ['few/a.xml']]);
  rmSync(path, { recursive: true });
});
