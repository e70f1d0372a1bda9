import { appendFileSync, chmodSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Directory } from '../../src/source/directory.ts';
import { type DirectoryListing } from '../../src/source/directory.ts';
import { Postponed } from '../../src/unattended/postponed.ts';
import { SeenFiles } from '../../src/state/seen-files.ts';
import { freshDir } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';
import { directoryAt, HOUR, MINUTE, START } from '../support/night.ts';
import { database, ownDatabase } from '../support/own-database.ts';

ownDatabase();

describe('a watched directory', () => {
  const WHOLE = scan(host('192.0.2.1', port(80)));
  const HALF = WHOLE.slice(0, WHOLE.length / 2);
  let path: string;
  let directory: Directory;
  beforeEach(() => {
    path = freshDir();
    directory = directoryAt(path);
  });

  const put = (name: string, content: string | Uint8Array, time = Date.now()): void => {
    writeFileSync(join(path, name), content);
    utimesSync(join(path, name), time / 1000, time / 1000);
  };
  const look = async (at = Date.now()): Promise<DirectoryListing> => directory.look(at, () => true);
  const names = (files: DirectoryListing['ready']): readonly string[] => files.map(({ name }) => name);

  test('finished scans are ready, the oldest first; others are not scans', async () => {
    put('b.xml', WHOLE, Date.now() - 5000);
    put('a.xml', WHOLE, Date.now() - 1000);
    put('a.nmap', 'Nmap scan report');
    put('.hidden.xml', WHOLE);
    mkdirSync(join(path, 'dir.xml'));
    expect(names((await look()).ready)).toEqual(['b.xml', 'a.xml']);
  });

  test('a file that is being written is waited for, until it has its end', async () => {
    put('a.xml', HALF);
    put('empty.xml', '');
    const first = await look();
    expect([names(first.ready), names(first.unfinished)]).toEqual([[], ['a.xml', 'empty.xml']]);
    appendFileSync(join(path, 'a.xml'), WHOLE.slice(HALF.length));
    expect(names((await look()).ready)).toEqual(['a.xml']);
    appendFileSync(join(path, 'a.xml'), HALF);
    expect(names((await look()).ready)).toEqual([]);
  });

  test('or until nobody has written to it for an hour, by its time or by ours', async () => {
    put('old.xml', HALF);
    // A file server whose clock is ahead.
    put('future.xml', HALF, Date.now() + 24 * HOUR);
    expect(names((await look(Date.now() + HOUR - 1000)).ready)).toEqual([]);
    expect(names((await look(Date.now() + HOUR)).ready).toSorted()).toEqual(['future.xml', 'old.xml']);
  });

  test('UTF-16 has an end, too; gzip is finished when it was quiet for a while', async () => {
    put('wide.xml', Buffer.from(WHOLE, 'utf16le'));
    put('a.xml.gz', gzipSync(WHOLE));
    expect(names((await look()).ready)).toEqual(['wide.xml']);
    expect(names((await look(Date.now() + MINUTE)).ready)).toContain('a.xml.gz');
  });

  test('an empty gzip stream that is quiet is not finished: nmap may still scan the first host', async () => {
    put('a.xml.gz', '');
    expect(names((await look(Date.now() + MINUTE)).unfinished)).toEqual(['a.xml.gz']);
    // The time of a file has fractions of a millisecond.
    expect(names((await look(Date.now() + HOUR + 1)).ready)).toEqual(['a.xml.gz']);
  });

  test('what changes is another version: by being written to, replaced, or made readable', async () => {
    put('a.xml', WHOLE);
    const version = async (): Promise<string | undefined> => (await look()).ready[0]?.version;
    const versions = [await version()];
    const change = async (how: () => void): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      how();
      versions.push(await version());
    };
    await change(() => appendFileSync(join(path, 'a.xml'), '\n'));
    await change(() => {
      writeFileSync(join(path, 'new'), WHOLE);
      renameSync(join(path, 'new'), join(path, 'a.xml'));
    });
    await change(() => chmodSync(join(path, 'a.xml'), 0o640));
    expect(new Set(versions).size).toBe(4);
    expect(await version()).toBe(versions[3]);
  });

  test('one that is not there, or cannot be listed, says so in words', async () => {
    rmSync(path, { recursive: true });
    await expect(look()).rejects.toThrow(`the directory ${path} cannot be watched: there is no such directory`);
    await expect(directoryAt(`/${'x'.repeat(300)}`).look(Date.now(), () => true)).rejects.toThrow(/x cannot be watched: its name is too long$/);
  });

  test('what was shipped is remembered as long as it is there, and for a month', () => {
    const seen = new SeenFiles(database, '/scans');
    const has = (name: string, version: string): boolean => seen.missing(name, version, ['file a']).length === 0;
    seen.add([{ name: 'a.xml', version: '1' }], ['file a'], START);
    seen.add([{ name: 'b.xml', version: '1' }], ['file a', 'loki'], START + 1);
    expect([has('a.xml', '1'), has('a.xml', '2')]).toEqual([true, false]);
    expect(new SeenFiles(database, '/other').missing('a.xml', '1', ['file a'])).toEqual(['file a']);
    expect(seen.missing('a.xml', '1', ['loki', 'file a', 'stdout'])).toEqual(['loki', 'stdout']);
    seen.keepOnly(new Set(), START + 29 * 24 * HOUR);
    expect(has('a.xml', '1')).toBe(true);
    seen.keepOnly(new Set(['b.xml']), START + 31 * 24 * HOUR);
    expect(has('a.xml', '1')).toBe(false);
    expect(seen.summary()).toEqual({ files: 1, last: START + 1 });
  });

  test('a failed file is tried again after growing pauses, and at once when it has changed', () => {
    const postponed = new Postponed();
    const pauses: number[] = [];
    for (let now = START, i = 0; i < 8; i++) {
      postponed.add('a', '1', now);
      let pause = 0;
      while (postponed.has('a', '1', now + pause)) pause += MINUTE;
      pauses.push(pause / MINUTE);
      now += pause;
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    expect(postponed.has('a', '2', START)).toBe(false);
  });
});
