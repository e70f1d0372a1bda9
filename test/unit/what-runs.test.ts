import { chmodSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hasOthers } from '../../src/config/groups.ts';
import { whoElseHolds, whoElseMakes, whoElseWrites } from '../../src/config/trust.ts';
import { whatRuns } from '../../src/config/what-runs.ts';
import { freshDir } from '../support/run-portlog.ts';

const made = (folder: string, name: string, text = ''): string => {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), 0o755);
  return join(folder, name);
};

describe('programs that a command runs', () => {
  const folder = realpathSync(freshDir());
  const script = made(folder, 'script.py');
  const program = made(folder, 'program', `#!${folder}/interpreter -x\n`);
  const interpreter = made(folder, 'interpreter', '#!/usr/bin/env inner\n');
  const before = join(folder, 'before');
  mkdirSync(before);
  const path = join(folder, 'path');
  mkdirSync(path);
  const inner = made(path, 'inner');
  const lookup = { path: [before, path], folder: '/' };

  test.for<readonly [command: readonly string[], files: readonly string[]]>([
    [['/usr/bin/env', `--chdir=${folder}`, './script.py'], [script]],
    [['/usr/bin/env', '-C', folder, 'script.py'], [script]],
    [['/bin/sh', '-c', `. ${script}; echo done`], [script]],
    [
      ['/bin/sh', '-c', `PATH=${before}:$PATH inner`],
      [before, inner],
    ],
    [
      ['/usr/bin/python3', `-I${folder}`, script],
      [folder, script],
    ],
    [
      ['/usr/bin/env', 'inner'],
      [before, inner],
    ],
    [
      ['/usr/bin/timeout', '5', 'inner', 'x'],
      [before, inner],
    ],
    [[program], [program, interpreter, '/usr/bin/env', before, inner]],
    [['/usr/bin/perl', script.slice(1)], [script]],
    [['inner'], [before, inner]],
    [['/usr/bin/env', '-C', folder, 'LANG=C', './script.py', '--output', '/data'], [script]],
    [
      ['/usr/bin/env', `PATH=${path}:/usr/bin`, 'inner'],
      [path, inner],
    ],
    [['/usr/bin/env', `LD_PRELOAD=${folder}/x.so`, '/usr/bin/true'], [`${folder}/x.so`]],
    [['/usr/bin/env', '-S', `python3 -u ${script}`], [script]],
    [['/usr/bin/nice', '-n', '5', '/usr/bin/timeout', '-s', 'KILL', '5', '/usr/bin/python3', '-W', 'ignore', script], [script]],
    [['/usr/bin/timeout', '5', '/to/come/program'], ['/to/come/program']],
    [['/usr/bin/python3', '-u', '/to/come/script.py'], ['/to/come/script.py']],
    [
      ['/usr/bin/bash', '--rcfile', '/x/rc', '-eu', script],
      ['/x/rc', script],
    ],
    [['/bin/sh', '-c', 'exec "$@"', 'sh', '/to/come/program'], ['/to/come/program']],
    [['/bin/sh', '-euc', `if true; then ${script} >/data; fi`], [script]],
    [['/bin/sh', '-c', `cd ${folder} && ./program`], [folder]],
    [['/usr/bin/python3', '-c', `exec(open("${script}").read())`], [script]],
    [['/usr/bin/awk', '-f', script, '/data'], [script]],
    [
      ['/usr/bin/node', '--require', '/x/a.js', script],
      ['/x/a.js', script],
    ],
    [
      [program, '--verbose'],
      [program, interpreter, inner],
    ],
  ])('%j', ([command, files]) => {
    expect(whatRuns(command, lookup)).toEqual(expect.arrayContaining([...files]));
  });

  test.for<readonly (readonly string[])[]>([
    [['/usr/bin/tool', '--output', '/data']],
    [['/usr/bin/tool', 'url=https://siem.example/data']],
    [['/usr/bin/tool', '-c', '/data']],
    [[script, '/data', '--dir=/data']],
    [[program, '--output', '/data']],
    [['/usr/bin/python3', '-u', script, '--output', '/data']],
    [['/usr/bin/python3', '-m', 'http.server', '--directory', '/data']],
    [['/usr/bin/env', 'LANG=C', script, '/data']],
    [['/usr/bin/timeout', '5', script, '--output', '/data']],
    [['/usr/bin/flock', '/data', script, '/data']],
    [['/bin/sh', script, '/data']],
    [['/bin/sh', '-c', `${script} --output /data`, '/data']],
    [['/bin/sh', '-c', `cat >/data; ${script} </data | tee /data`]],
    [['/usr/bin/perl', '-w', script, '/data']],
    [['/usr/bin/awk', '-f', script, '/data']],
  ])('arguments that are data are not checked: %j', ([command = []]) => {
    const found = whatRuns(command, { path: [path, '/usr/bin', '/bin'], folder: '/' });
    expect(found.filter((one) => one.includes('/data'))).toEqual([]);
    expect(found).toContain(command.find((word) => word === script || word === program) ?? command[0]);
  });

  test('a network or a number is not taken for a file', () => {
    const found = whatRuns([inner, '192.0.2.0/24', '20', '--dry-run'], lookup);
    expect(found).toEqual(expect.arrayContaining([inner]));
    for (const one of found) expect(whoElseMakes(one, { uid: 0, gid: 0 }), one).toBe(whoElseWrites(one, { uid: 0, gid: 0 }));
  });

  test('circles of interpreters and links end, and what is no file is not read', () => {
    const round = made(folder, 'round', `#!${folder}/round\n`);
    symlinkSync('loop', join(folder, 'loop'));
    expect(whatRuns([round, join(folder, 'loop'), '/dev/zero', folder], lookup)).toContain(round);
    expect(whatRuns([], lookup)).toEqual([]);
    expect(whatRuns([''], lookup)).toEqual([]);
  });
});

describe('what is not there yet', () => {
  const us = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

  test.for([
    [0o700, undefined],
    [0o777, 'may be written by everyone'],
    [0o1777, 'may be written by everyone'],
  ] as const)('in a directory with mode %o', ([mode, doubt]) => {
    const folder = realpathSync(freshDir());
    chmodSync(folder, mode);
    const words = doubt === undefined ? undefined : `is not there yet, and would be made in ${folder}, which ${doubt}`;
    expect(whoElseMakes(join(folder, 'state'), us)).toBe(words);
    expect(whoElseMakes(join(folder, 'a', 'b', 'state'), us)).toBe(words);
    // Made by us, it is as if it were there.
    const held = mode === 0o1777 ? undefined : words;
    expect(whoElseHolds(join(folder, 'state'), us)).toBe(held);
    expect(whoElseHolds(join(folder, 'a', 'b', 'state'), us)).toBe(held);
    // Once it is there, a sticky directory lets nobody else take it away.
    mkdirSync(join(folder, 'state'));
    expect(whoElseMakes(join(folder, 'state'), us)).toBe(mode === 0o777 ? 'its directory may be written by everyone' : undefined);
  });

  test('a link that leads nowhere is one that somebody has made', () => {
    const folder = freshDir();
    symlinkSync('/nowhere', join(folder, 'state'));
    expect(whoElseMakes(join(folder, 'state'), us)).toBeUndefined();
  });
});

describe('a group', () => {
  const files: Readonly<Record<string, string>> = {
    '/etc/group': 'root:x:0:\nstaff:x:50:\nwheel:x:10:root,me\nadm:x:4:root,daemon\nwww-data:x:33:\ngone:x:60:deleted\n',
    '/etc/passwd': 'root:x:0:0:::\ndaemon:x:1:1:::\nme:x:1000:1000:::\nwww-data:x:33:33:::\n',
  };
  const others = (gid: number, uid: number): boolean => hasOthers(gid, uid, (path) => files[path] ?? '');

  test("without members is no risk: Debian's /usr/local, which belongs to root and staff, may be used", () => {
    expect([others(50, 0), others(50, 1000)]).toEqual([false, false]);
  });

  test('with root and ourselves alone has no others', () => {
    expect([others(10, 1000), others(10, 0), others(4, 1000)]).toEqual([false, true, true]);
  });

  test('that somebody has as their first, that is not known, or whose member is not known, has others', () => {
    expect([others(33, 0), others(33, 33), others(47_110, 0), others(60, 0)]).toEqual([true, false, true, true]);
    expect(hasOthers(50, 0, () => '')).toBe(true);
  });
});
