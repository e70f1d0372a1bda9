import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase, openReadOnly } from '../../src/state/store.ts';
import { canMount } from '../support/can-mount.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { freshDir, ROOT } from '../support/run-portlog.ts';
import { answer, scriptedServer } from '../support/scripted-server.ts';

const SCAN = join(ROOT, 'examples', 'loopback.xml');

let state: string;
let args: readonly string[];
beforeEach(async () => {
  state = freshDir();
  args = ['--state-dir', state];
  const { code } = await portlogHere([SCAN, ...args, '--to', `file=${join(freshDir(), 'out')}`]);
  expect(code).toBe(0);
});
afterEach(() => chmodSync(state, 0o700));

/** What only reads, with its exit code, and what is in its answer. */
const READERS: readonly (readonly [command: readonly string[], code: number, text: string])[] = [
  [['inventory'], 0, '127.0.0.1'],
  [['findings'], 0, 'SEVERITY'],
  [['report', '--format', 'markdown'], 0, '127.0.0.1'],
  [['exposure', 'init'], 0, 'expected:'],
  [['status'], 5, '3 hosts known'],
  [['diff', SCAN], 0, ''],
  [['replay', '--list'], 0, 'waiting'],
  [['replay', '--list', '--json'], 0, '"events":17'],
];

/** The same files, where nothing can be written. */
function mountReadOnly(folder: string): void {
  const copy = freshDir();
  cpSync(folder, copy, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=700', 'tmpfs', folder]);
  cpSync(copy, folder, { recursive: true });
  execFileSync('mount', ['-o', 'remount,ro', folder]);
}

/** Everything about a directory that somebody could see. */
function traces(): unknown {
  return readdirSync(state).map((name) => {
    const { size, mtimeMs, ctimeMs, ino, mode } = statSync(join(state, name));
    return { name, size, mtimeMs, ctimeMs, ino, mode, content: readFileSync(join(state, name)).toString('base64') };
  });
}

describe('a state that nothing is written to', () => {
  test('check changes nothing, and makes nothing', async () => {
    const before = traces();
    const folder = statSync(state).mtimeMs;
    const { stdout } = await portlogHere(['check', ...args]);
    expect(stdout).toContain('site "default": 3 hosts known');
    expect(traces()).toEqual(before);
    expect(statSync(state).mtimeMs).toBe(folder);
    const nowhere = join(freshDir(), 'state');
    await portlogHere(['check', '--state-dir', nowhere]);
    expect(statSync(nowhere, { throwIfNoEntry: false })).toBeUndefined();
  });

  test.each([
    ['inventory', ['inventory'], '127.0.0.1'],
    ['status', ['status'], '3 hosts known'],
    ['diff with what is known', ['diff', SCAN], ''],
  ])('%s works where it may not write', async (_, command, text) => {
    chmodSync(join(state, 'portlog.db'), 0o400);
    chmodSync(state, 0o500);
    const { stdout, stderr, code } = await portlogHere([...command, ...args]);
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('read-only')]);
    expect(stdout).toContain(text);
  });

  test.skipIf(!canMount())('every command that only reads works on a read-only file system (needs the right to mount)', async () => {
    const waiting = freshDir();
    const down = ['--to', 'loki=http://127.0.0.1:1', '--retry-for-seconds', '0'];
    expect((await portlogHere([SCAN, '--state-dir', waiting, ...down])).code).toBe(5);
    mountReadOnly(waiting);
    try {
      for (const [command, code, text] of READERS) {
        const done = await portlogHere([...command, '--state-dir', waiting]);
        expect([command, done.code, done.stderr]).toEqual([command, code, expect.not.stringContaining('read-only')]);
        expect(done.stdout).toContain(text);
      }
    } finally {
      execFileSync('umount', [waiting]);
    }
  });

  test('replay --list leaves lost runs to the next command that ships', async () => {
    const database = openDatabase(state);
    database.run("INSERT INTO run (pid, started, what, tick) VALUES (999999999, 1, 'scan.xml', 1)");
    database.close();
    const { stderr } = await portlogHere(['replay', '--list', ...args]);
    expect(stderr).toBe('');
    expect((await portlogHere(['status', ...args])).stdout).toContain('was killed or crashed');
    expect((await portlogHere([...args, '--to', `file=${join(freshDir(), 'events.ndjson')}`, SCAN])).stderr).toMatch(
      /\(process 999999999, reading scan\.xml\) was killed or crashed, before it had noted what it had delivered\n/,
    );
  });

  test('what another process has committed is seen', () => {
    const writer = openDatabase(state);
    writer.run("INSERT INTO site (site, since) VALUES ('other', 1)");
    const reader = openReadOnly(state);
    expect(reader.all('SELECT site FROM site ORDER BY site').map(({ site }) => site)).toContain('other');
    expect(() => reader.run('DELETE FROM site')).toThrow(/read-only/);
    reader.close();
    writer.close();
  });

  test('one of an older portlog is reported as such', () => {
    const old = freshDir();
    copyFileSync(join(state, 'portlog.db'), join(old, 'portlog.db'));
    const writer = openDatabase(old);
    writer.run('PRAGMA user_version = 3');
    writer.close();
    expect(() => openReadOnly(old)).toThrow(/was written by an older portlog, and may not be changed here/);
  });
});

test('texts of a server reach the terminal without control characters', async () => {
  const evil = '\u001B]0;owned\u0007\u009B31m\u202E';
  const server = await scriptedServer((_, response) => answer(response, 500, JSON.stringify({ error: { reason: evil, type: evil }, message: evil })));
  const { stdout, stderr } = await portlogHere(['check', ...args, '--to', `elasticsearch=${server.url.href}`, '--to', `loki=${server.url.href}`]);
  await server.stop();
  expect(stdout).toContain('error');
  expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/);
});
