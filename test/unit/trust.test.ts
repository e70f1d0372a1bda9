import { chmodSync, chownSync, lchownSync, mkdirSync, realpathSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { Log } from '../../src/cli/session/log.ts';
import { Trust } from '../../src/cli/session/trust.ts';
import { whoElseWrites } from '../../src/config/trust.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { freshDir, ROOT } from '../support/run-portlog.ts';

const SCAN = join(ROOT, 'examples', 'loopback.xml');

test.skipIf(process.getuid?.() !== 0)('a state directory that somebody else creates first in a sticky directory is refused', () => {
  const folder = realpathSync(freshDir());
  chmodSync(folder, 0o1777);
  const state = join(folder, 'state');
  const trust = new Trust(new Log(new PassThrough(), 'quiet'));
  trust.checkHeld('the state directory', state);
  mkdirSync(state);
  chownSync(state, 4711, 4711);
  expect(() => trust.checkMade('the state directory', state)).toThrow(
    `the state directory ${state} belongs to the user with number 4711, and portlog runs as root`,
  );
  // It was there, and was looked at.
  expect(() => trust.checkMade('the state directory', state)).not.toThrow();
});

describe('who else writes', () => {
  const made = (mode: number, folderMode = 0o755): string => {
    const folder = join(freshDir(), 'folder');
    mkdirSync(folder);
    writeFileSync(join(folder, 'portlog.yaml'), '');
    chmodSync(join(folder, 'portlog.yaml'), mode);
    chmodSync(folder, folderMode);
    return join(folder, 'portlog.yaml');
  };
  const { uid, gid } = statSync(made(0o600));
  const us = { uid, gid };

  test.for([
    [0o600, 0o755, undefined],
    [0o644, 0o755, undefined],
    [0o666, 0o755, 'may be written by everyone'],
    [0o602, 0o755, 'may be written by everyone'],
    [0o600, 0o777, 'its directory may be written by everyone'],
    [0o600, 0o1777, undefined],
  ] as const)('a file of ours with mode %o in a directory with mode %o: %s', ([mode, folderMode, doubt]) => {
    expect(whoElseWrites(made(mode, folderMode), us)).toBe(doubt);
  });

  test('a directory further up, in which somebody could put another in its place', () => {
    const top = freshDir();
    mkdirSync(join(top, 'a', 'b'), { recursive: true });
    writeFileSync(join(top, 'a', 'b', 'portlog.yaml'), '');
    expect(whoElseWrites(join(top, 'a', 'b', 'portlog.yaml'), us)).toBeUndefined();
    chmodSync(top, 0o777);
    expect(whoElseWrites(join(top, 'a', 'b', 'portlog.yaml'), us)).toBe(`lies in ${realpathSync(top)}, which may be written by everyone`);
  });

  test('links on the way, in directories that somebody else may write, wherever they end', () => {
    const [safe, open] = [freshDir(), realpathSync(freshDir())];
    writeFileSync(join(safe, 'portlog.yaml'), '');
    symlinkSync(join(safe, 'portlog.yaml'), join(open, 'second'));
    symlinkSync(join(open, 'second'), join(safe, 'first'));
    symlinkSync('round', join(safe, 'round'));
    expect(whoElseWrites(join(safe, 'first'), us)).toBeUndefined();
    chmodSync(open, 0o777);
    expect(whoElseWrites(join(safe, 'first'), us)).toBe(`lies in ${open}, which may be written by everyone`);
    expect(whoElseWrites(join(safe, 'round'), us)).toBeUndefined();
  });

  test.skipIf(uid !== 0)('a sticky directory, or a link, of somebody else, who may change both', () => {
    const [safe, theirs] = [freshDir(), realpathSync(freshDir())];
    writeFileSync(join(theirs, 'portlog.yaml'), '');
    chownSync(theirs, 4711, 4711);
    chmodSync(theirs, 0o1755);
    expect(whoElseWrites(join(theirs, 'portlog.yaml'), us)).toBe('its directory belongs to the user with number 4711');
    writeFileSync(join(safe, 'portlog.yaml'), '');
    symlinkSync('portlog.yaml', join(safe, 'link'));
    lchownSync(join(safe, 'link'), 4711, 4711);
    expect(whoElseWrites(join(safe, 'link'), us)).toContain('is reached by the link');
  });

  test('somebody else, or a group that is not ours', () => {
    const path = made(0o660);
    if (uid !== 0) expect(whoElseWrites(path, { uid: uid + 1, gid })).toBe(`belongs to the user with number ${uid}`);
    if (gid !== 0) expect(whoElseWrites(path, { uid, gid: gid + 1 })).toBe(`may be written by the group with number ${gid}`);
    expect(whoElseWrites('/etc/passwd', { uid: 4711, gid: 4711 })).toBeUndefined();
    expect(whoElseWrites('/no/such/file', us)).toBeUndefined();
    expect(whoElseWrites('/dev/null', us)).toBeUndefined();
  });
});

describe('files that somebody else may change', () => {
  const isRoot = process.getuid?.() === 0;
  const expectDoubt = ({ stderr, code }: { readonly stderr: string; readonly code: number | null }, what: string, path: string): void => {
    if (isRoot) expect([code, stderr]).toEqual([2, expect.stringContaining(`${what} ${path} may be written by everyone, and portlog runs as root`)]);
    else
      expect([code, stderr]).toEqual([
        0,
        expect.stringContaining(`${what} ${path} may be written by everyone, who could make portlog do what they want`),
      ]);
  };
  const written = (name: string, text: string, mode: number): string => {
    const path = join(freshDir(), name);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };

  test('a configuration, whose commands would run as us', async () => {
    const out = join(freshDir(), 'out');
    const ran = join(freshDir(), 'ran');
    const config = written('portlog.yaml', `sinks: [{ type: file, path: ${out} }]`, 0o666);
    expectDoubt(await portlogHere(['--config', config, SCAN]), 'the configuration', config);
    const commands = written('portlog.yaml', `sinks: [{ type: loki, url: "http://127.0.0.1:1", bearerCommand: [touch, ${ran}] }]`, 0o666);
    if (isRoot) {
      expect((await portlogHere(['--config', commands, SCAN])).code).toBe(2);
      expect(statSync(ran, { throwIfNoEntry: false })).toBeUndefined();
    }
  });

  test('a file with a key, and the state directory', async () => {
    const key = written('key', 'k', 0o606);
    const env = { PORTLOG_ELASTICSEARCH_API_KEY_FILE: key };
    if (isRoot) expectDoubt(await portlogHere(['--to', 'elasticsearch=http://127.0.0.1:1', SCAN], env), 'the file', key);
    const state = freshDir();
    chmodSync(state, 0o777);
    const to = ['--to', `file=${join(freshDir(), 'out')}`, '--state-dir', state];
    expectDoubt(await portlogHere([...to, SCAN]), 'the state directory', state);
    chmodSync(state, 0o700);
    expect((await portlogHere([...to, SCAN])).code).toBe(0);
  });
});
