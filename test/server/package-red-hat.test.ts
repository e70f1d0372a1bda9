import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootDebian, type Debian } from './debian.ts';
import { buildProgram, CONFIG, NEWER, packageOf, processesOf, serviceOf, VERSION } from './packaged.ts';

let debian: Debian;

beforeAll(async () => {
  buildProgram();
  debian = await bootDebian();
});
afterAll(() => debian?.remove());

describe('the package for Red Hat', () => {
  const rpm = (...args: readonly string[]): Promise<string> => debian.run(`rpm ${args.join(' ')} 2>&1`);

  test('has the same in it', async () => {
    const path = await packageOf(VERSION, 'rpm');
    copyFileSync(path, join(debian.path, 'tmp/portlog.rpm'));
    copyFileSync(await packageOf(NEWER, 'rpm'), join(debian.path, 'tmp/newer.rpm'));
    expect((await rpm('-qlp', '/tmp/portlog.rpm')).split('\n')).toEqual(
      expect.arrayContaining([
        '/usr/bin/portlog',
        CONFIG,
        '/usr/lib/systemd/system/portlog.service',
        '/usr/share/man/man1/portlog.1.gz',
        '/usr/share/zsh/site-functions/_portlog',
      ]),
    );
    expect(await rpm('-qip', '/tmp/portlog.rpm')).toMatch(/^License +: Apache-2\.0$/m);
    expect(await rpm('-qcp', '/tmp/portlog.rpm')).toBe(`${CONFIG}\n`);
    // Its own sums are right; nobody has signed it.
    expect(await rpm('-K', '/tmp/portlog.rpm')).toBe('/tmp/portlog.rpm: digests OK\n');
  });

  // There is no Red Hat here. Its dependencies are of another distribution; rpm, its scripts and systemd are the same.
  test('installs, runs, upgrades and goes, by rpm and its scripts', async () => {
    await rpm('--install', '--nodeps', '/tmp/portlog.rpm');
    expect(await debian.run(`stat -c '%a %U:%G' ${CONFIG} /var/lib/portlog; portlog --version`)).toMatch(
      /^640 root:portlog\n700 portlog:portlog\n\d/,
    );
    expect(await rpm('--verify', '--nodeps', 'portlog')).toBe('');
    const edited = debian
      .read(CONFIG)
      .replace('directories: []', 'directories: [{ path: /var/scans }]')
      .replace('sinks: []', 'sinks: [{ type: file, path: /var/lib/portlog/out }]');
    writeFileSync(join(debian.path, CONFIG), edited);
    await debian.run('mkdir /var/scans; systemctl enable --now portlog');
    const { MainPID: pid } = await serviceOf(debian, 'MainPID');
    await rpm('--upgrade', '--nodeps', '/tmp/newer.rpm');
    expect(debian.read(CONFIG)).toBe(edited);
    const now = await serviceOf(debian, 'ActiveState', 'UnitFileState', 'MainPID');
    expect(now).toMatchObject({ ActiveState: 'active', UnitFileState: 'enabled' });
    expect(now['MainPID']).not.toBe(pid);
    await rpm('--erase', 'portlog');
    expect(await processesOf(debian, 'bin/portlog')).toBe('');
    expect(await debian.run('find /etc/systemd -name "portlog*"')).toBe('');
    expect(existsSync(join(debian.path, 'usr/bin/portlog'))).toBe(false);
    expect(existsSync(join(debian.path, 'var/lib/portlog/portlog.db'))).toBe(true);
    expect(debian.read(`${CONFIG}.rpmsave`)).toBe(edited);
  });
});
