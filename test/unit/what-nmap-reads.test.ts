import { chmodSync, chownSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { whatNmapReads } from '../../src/config/what-nmap-reads.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';

const made = (...path: readonly string[]): string => {
  writeFileSync(join(...path), '');
  return join(...path);
};

describe('what nmap reads that is code, or says what scripts do', () => {
  const folder = realpathSync(freshDir());
  const own = join(folder, 'share', 'nmap');
  mkdirSync(join(own, 'scripts'), { recursive: true });
  mkdirSync(join(folder, 'bin'));
  const place = { program: join(folder, 'bin', 'nmap'), home: '/home/me', folder, env: { NMAPDIR: '/env/data', LD_LIBRARY_PATH: '/a::/b' } };
  const always = ['/env/data', '/home/me/.nmap', '/a', '/b'];

  test('its own data, those of the environment and of the user', () => {
    const main = made(own, 'nse_main.lua');
    const { there, toCome } = whatNmapReads(['-sV', '192.0.2.1'], place);
    expect(there).toEqual([own, main, join(own, 'scripts')]);
    expect(toCome.toSorted()).toEqual(always.toSorted());
  });

  test.for<readonly [args: readonly string[], paths: readonly string[]]>([
    [['--datadir', '/data'], ['/data']],
    [['-datad=/data'], ['/data']],
    [['--script', '/s/x.nse'], ['/s/x.nse']],
    [['--script=not (+/s/x.nse or /t/*.nse),vuln'], ['/s/x.nse', '/t/*.nse']],
    [['--script', 'sub/x.nse'], [join(folder, 'sub/x.nse')]],
    [['--script-args-file', 'args'], [join(folder, 'args')]],
    [
      ['--script-args-file=/args', '--servicedb', '/db', '--versiondb', '/v'],
      ['/args', '/db', '/v'],
    ],
    [['--script-args', 'file=/x', '-iL', '/targets', '-oN', '/out', '--script', 'vuln'], []],
  ])('%j', ([args, paths]) => {
    expect(
      whatNmapReads(args, place)
        .toCome.filter((one) => !always.includes(one))
        .toSorted(),
    ).toEqual([...paths].toSorted());
  });

  test('a script that lies where nmap is started, which it takes when it knows no other, and those of a folder', () => {
    const script = made(folder, 'mine.nse');
    expect(whatNmapReads(['--script', 'default,mine'], place).there).toContain(script);
    expect(whatNmapReads(['--script', `${folder}/`], place).there).toContain(script);
    expect(whatNmapReads(['--script', 'default,other'], place).there).not.toContain(script);
  });
});

describe.skipIf(process.getuid?.() !== 0)('nmap is not run as root with what somebody else may change:', () => {
  const refusal = async (args: readonly string[], env = {}): Promise<readonly [number | null, string]> => {
    const { code, stderr } = await portlogHere(['scan', ...args], env);
    return [code, stderr];
  };
  const open = (): string => {
    const folder = realpathSync(freshDir());
    chmodSync(folder, 0o777);
    return folder;
  };
  const ours = (): string => {
    const nmap = join(realpathSync(freshDir()), 'nmap');
    writeFileSync(nmap, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    return nmap;
  };
  const said = (path: string, why: string): readonly unknown[] => [2, expect.stringContaining(`${path} ${why}, and portlog runs as root`)];
  const EVERYONE = 'may be written by everyone';

  test('its program, or a folder of the path before it', async () => {
    const folder = open();
    writeFileSync(join(folder, 'nmap'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    const its = `its directory ${EVERYONE}`;
    expect(await refusal(['--nmap', join(folder, 'nmap'), '--', '127.0.0.1'])).toEqual(said(join(folder, 'nmap'), its));
    const before = open();
    const path = `${before}:${join(ours(), '..')}:/usr/bin:/bin`;
    expect(await refusal(['--', '127.0.0.1'], { PATH: path })).toEqual(said(before, EVERYONE));
  });

  test('its interpreter', async () => {
    const folder = open();
    const nmap = ours();
    writeFileSync(join(folder, 'sh'), '', { mode: 0o755 });
    writeFileSync(nmap, `#!${folder}/sh\n`);
    expect(await refusal(['--nmap', nmap, '--', '127.0.0.1'])).toEqual(said(join(folder, 'sh'), `its directory ${EVERYONE}`));
  });

  test('its data, scripts, and their arguments', async () => {
    const folder = open();
    const all: readonly (readonly [readonly string[], Readonly<Record<string, string>>, string])[] = [
      [[], { NMAPDIR: folder }, folder],
      [[], { LD_LIBRARY_PATH: folder }, folder],
      [['--datadir', folder], {}, folder],
    ];
    for (const [args, env, path] of all)
      expect(await refusal(['--nmap', ours(), '--', ...args, '127.0.0.1'], env), args.join(' ')).toEqual(said(path, EVERYONE));
    for (const args of [
      ['--script', join(folder, 'x.nse')],
      ['--script-args-file', join(folder, 'x.nse')],
    ])
      expect(await refusal(['--nmap', ours(), '--', ...args, '127.0.0.1'])).toEqual(
        said(join(folder, 'x.nse'), `is not there yet, and would be made in ${folder}, which ${EVERYONE}`),
      );
    const theirs = realpathSync(freshDir());
    chownSync(made(theirs, 'x.nse'), 4711, 4711);
    expect(await refusal(['--nmap', ours(), '--', '--script', `${theirs}/`, '127.0.0.1'])).toEqual(
      said(join(theirs, 'x.nse'), 'belongs to the user with number 4711'),
    );
  });

  test('but targets, and files that it writes, are data', async () => {
    const folder = open();
    writeFileSync(join(folder, 'targets'), '127.0.0.1\n');
    const [, stderr] = await refusal(['--nmap', ours(), '--', '-iL', join(folder, 'targets'), '-oN', join(folder, 'out')]);
    expect(stderr).not.toContain('portlog runs as root');
  });
});
