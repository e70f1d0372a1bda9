import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { Directory, type DirectoryListing, MemorySightings } from '../../src/source/directory.ts';
import { foundSource } from '../../src/source/file.ts';
import { freshDir } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';

const WHOLE = scan(host('192.0.2.1', port(80)));
const HOUR = 3_600_000;

let path: string;
beforeEach(() => {
  path = freshDir();
});

function put(name: string): void {
  mkdirSync(join(path, name, '..'), { recursive: true });
  writeFileSync(join(path, name), WHOLE);
}

function look(isRecursive: boolean): Promise<DirectoryListing> {
  const directory = new Directory(path, { cutAfterMs: HOUR, isOurClock: () => true, sightings: new MemorySightings(), isRecursive });
  return directory.look(Date.now(), () => true);
}

const namesOf = ({ ready }: DirectoryListing): readonly string[] => ready.map(({ name }) => name).toSorted();

async function textOf({ ready: [file] }: DirectoryListing): Promise<string> {
  if (file === undefined) throw new Error('there is none');
  let text = '';
  for await (const chunk of foundSource(file).bytes(new AbortController().signal)) text += Buffer.from(chunk).toString();
  return text;
}

describe('directories within', () => {
  test('are looked into when that is asked for, and files in them have their names with them', async () => {
    for (const name of ['a.xml', 'berlin/b.xml', 'berlin/2026/c.xml', '.hidden/d.xml']) put(name);
    expect(namesOf(await look(false))).toEqual(['a.xml']);
    const found = await look(true);
    expect(namesOf(found)).toEqual(['a.xml', 'berlin/2026/c.xml', 'berlin/b.xml']);
    expect([...found.names].toSorted()).toEqual(['a.xml', 'berlin/2026/c.xml', 'berlin/b.xml']);
    expect(found.closed).toEqual([]);
  });

  test('with names that are no UTF-8 are, too', async () => {
    const odd = Buffer.concat([Buffer.from(`${path}/`), Buffer.from([0x62, 0xe4])]);
    mkdirSync(odd);
    writeFileSync(Buffer.concat([odd, Buffer.from('/a.xml')]), WHOLE);
    const found = await look(true);
    expect(namesOf(found)).toEqual(['b\\xE4/a.xml']);
    expect(await textOf(found)).toBe(WHOLE);
  });

  test('behind a symbolic link are not: whoever may write here could show us what only we may read', async () => {
    const elsewhere = freshDir();
    writeFileSync(join(elsewhere, 'secret.xml'), WHOLE);
    symlinkSync(elsewhere, join(path, 'link'));
    expect(namesOf(await look(true))).toEqual([]);
  });

  test('that become a symbolic link after the look are not read', async () => {
    const elsewhere = freshDir();
    writeFileSync(join(elsewhere, 'a.xml'), WHOLE);
    put('within/a.xml');
    const found = await look(true);
    renameSync(join(path, 'within'), join(path, 'old'));
    symlinkSync(elsewhere, join(path, 'within'));
    await expect(textOf(found)).rejects.toMatchObject({ code: 'input-unreadable', message: expect.stringContaining('symbolic link') });
  });

  test('that lie too deep, or cannot be listed, are named with the reason, and hold up no other', async () => {
    put('1/2/3/4/5/6/7/8/a.xml');
    put('1/2/3/4/5/6/7/8/9/b.xml');
    const found = await look(true);
    expect(namesOf(found)).toEqual(['1/2/3/4/5/6/7/8/a.xml']);
    expect(found.closed).toEqual([{ name: '1/2/3/4/5/6/7/8/9', why: 'it is deeper than 8 directories' }]);
  });

  test('that are too many are told as one, with how many there are', async () => {
    put('a.xml');
    for (let i = 0; i < 1500; i++) mkdirSync(join(path, `d${i}`));
    const found = await look(true);
    expect(namesOf(found)).toEqual(['a.xml']);
    expect(found.closed).toEqual([
      { name: expect.stringMatching(/^d\d+$/), why: 'there are more than 1000 directories; 499 others are left out, too' },
    ]);
  });

  test('whose file becomes a pipe after the look hold up no thread', async () => {
    put('within/a.xml');
    const found = await look(true);
    renameSync(join(path, 'within/a.xml'), join(path, 'old'));
    execFileSync('mkfifo', [join(path, 'within/a.xml')]);
    await expect(textOf(found)).rejects.toMatchObject({
      code: 'input-unreadable',
      message: expect.stringContaining('it is no longer a regular file'),
    });
  });

  test.skipIf(process.getuid?.() === 0)('that may not be read are named', async () => {
    put('closed/a.xml');
    chmodSync(join(path, 'closed'), 0);
    expect((await look(true)).closed).toEqual([{ name: 'closed', why: expect.stringContaining('EACCES') }]);
  });
});
