import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { portlog } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';

const folder = freshDir();
const stateDir = join(folder, 'state');
const scanned = join(folder, 'scan.xml');
const report = join(folder, 'report.html');
const config = join(folder, 'portlog.yaml');

beforeAll(async () => {
  writeFileSync(scanned, scan(host('192.0.2.7', port(22, 'open', 'ssh'))));
  const silent = scan('', '<runstats><finished time="1760000010" elapsed="2"/><hosts up="0" down="0" total="0"/></runstats>');
  writeFileSync(join(folder, 'silent.xml'), silent);
  for (const [site, file] of [
    ['berlin', scanned],
    ['lab', scanned],
    ['silent', join(folder, 'silent.xml')],
  ] as const)
    await portlog(['--state-dir', stateDir, '--site', site, '--to', `file=${join(folder, 'events')}`, file]);
  const jobs = 'directories:\n  - path: scans\n    site: empty\nsites:\n  quiet: { maxAgeHours: 24 }\n';
  writeFileSync(config, jobs);
});

const COMMANDS = [
  ['findings'],
  ['findings', '--format', 'json'],
  ['inventory'],
  ['inventory', '--forget', '--yes'],
  ['report', '--output', report],
  ['exposure', 'init'],
  ['diff', scanned],
] as const;

describe('a site of which nothing is known', () => {
  test.for(COMMANDS)('%j says so and names those that are known, exit 3', async (command) => {
    const { code, stdout, stderr } = await portlog([...command, '--state-dir', stateDir, '--site', 'nosuch']);
    expect([code, stdout]).toEqual([3, '']);
    const known = command[0] === 'exposure' ? 'berlin, lab' : 'berlin, lab, silent';
    expect(stderr).toBe(`portlog: nothing is known of a site "nosuch"; known: ${known}\nportlog:   → choose one of them with --site\n`);
  });

  test('a mistyped one is guessed', async () => {
    const { code, stderr } = await portlog(['findings', '--state-dir', stateDir, '--site', 'berln']);
    expect([code, stderr]).toEqual([3, expect.stringContaining('→ did you mean --site berlin?')]);
  });

  test.for(['silent', 'lab'])('%s was scanned: whatever is known of it is shown', async (site) => {
    for (const command of [['findings'], ['inventory'], ['report', '--output', report]])
      expect(await portlog([...command, '--state-dir', stateDir, '--site', site])).toMatchObject({ code: 0 });
  });

  test.for(['empty', 'quiet'])('%s is configured: nothing is known of it, and that is no error', async (site) => {
    for (const command of [['findings'], ['inventory'], ['report', '--output', report]])
      expect(await portlog([...command, '--config', config, '--state-dir', stateDir, '--site', site])).toMatchObject({ code: 0 });
  });

  test('the default one is unknown, too, where all scans were of others', async () => {
    expect(await portlog(['findings', '--state-dir', stateDir, '--site', 'default'])).toMatchObject({ code: 3 });
    expect(await portlog(['findings', '--state-dir', stateDir])).toMatchObject({ code: 0 });
  });
});

describe('a state without any scan', () => {
  const empty = freshDir();
  beforeAll(async () => {
    await portlog(['--state-dir', empty, '--to', `file=${join(folder, 'other')}`], { input: 'no scan' });
  });

  test.for(COMMANDS)('%j is no empty list, exit 3', async (command) => {
    for (const place of [empty, join(folder, 'nowhere')]) {
      const { code, stdout, stderr } = await portlog([...command, '--state-dir', place, '--site', 'default']);
      expect([code, stdout, stderr]).toEqual([
        3,
        '',
        expect.stringMatching(/^portlog: nothing is known yet(?: to compare with)?: .*\nportlog: {3}→ /),
      ]);
    }
    const words = command.filter((word) => word !== '--forget' && word !== '--yes');
    expect(await portlog([...words, '--state-dir', empty])).toMatchObject({ code: 3, stdout: '' });
  });
});
