import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allCommands } from '../../src/cli/commands.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { freshDir, portlog, ROOT } from '../support/run-portlog.ts';

const SCAN = join(ROOT, 'examples', 'loopback.xml');

describe('options before the name of the command', () => {
  test.for([
    [['-q', 'diff', SCAN, SCAN, '--format', 'json'], 0, ''],
    [['-q', 'diff', '--format', 'unified', SCAN, SCAN], 0, ''],
    [['--format', 'json', 'diff', SCAN, SCAN], 0, '0 changes on 0 hosts'],
    [['--format=json', 'diff', SCAN, SCAN], 0, '0 changes on 0 hosts'],
    [['--exit-code', 'diff', SCAN, SCAN], 0, '0 changes on 0 hosts'],
    [['--severity', 'high', '--no-quiet', 'findings'], 3, 'nothing is known yet'],
    [['--site', 'diff', SCAN], 0, ''],
    [['--to', 'file=x', 'status'], 2, 'portlog status has no option --to'],
    [['-q', 'status'], 1, 'nothing has run yet'],
    [['--verbose', 'replay', '--list'], 0, 'nothing waits'],
    [['--frobnicate', 'diff', SCAN, SCAN], 2, 'there is no option --frobnicate'],
  ] as const)('portlog %j', async ([args, code, says]) => {
    const { code: got, stderr } = await portlogHere(args);
    expect([got, stderr]).toEqual([code, expect.stringContaining(says)]);
  });

  test('an option of one name takes a value in every command, or in none', async () => {
    const options = (await allCommands()).flatMap((command) => Object.entries(command.options));
    const kinds = Map.groupBy(options, ([name]) => name);
    for (const [name, all] of kinds) expect(new Set(all.map(([, { type }]) => type === 'boolean')).size, name).toBe(1);
    const letters = Map.groupBy(options, ([, { alias }]) => alias ?? '');
    for (const [letter, all] of letters) if (letter !== '') expect(new Set(all.map(([name]) => name)).size, letter).toBe(1);
  });
});

describe('pages that messages name', () => {
  test('each is printed by portlog help', async () => {
    const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const named = new Set(
      sources.flatMap((name) => [...readFileSync(join(ROOT, 'src', name), 'utf8').matchAll(/docs\/[\w/-]+\.md/g)].map(([page]) => page)),
    );
    expect(named.size).toBeGreaterThan(10);
    for (const page of named) {
      if (page.startsWith('docs/decisions/')) continue;
      const { stdout, code } = await portlogHere(['help', page]);
      expect([page, code, stdout]).toEqual([page, 0, `${readFileSync(join(ROOT, page), 'utf8').trimEnd()}\n`]);
    }
  });

  test('an unknown one is refused, whatever path it names', async () => {
    expect(await portlogHere(['help', 'docs/how-to/sacn.md'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean docs/how-to/scan.md?'),
    });
    expect(await portlogHere(['help', '../../etc/motd.md'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('there is no page ../../etc/motd.md'),
    });
    expect((await portlogHere(['help', 'exposure.md#check'])).stdout).toMatch(/^# /);
  });
});

describe('a mistyped command', () => {
  test.for([
    ['Status', 'did you mean portlog status?'],
    ['inventry', 'did you mean portlog inventory?'],
    ['check_config', 'portlog --help lists the commands'],
  ] as const)('%s is no file name', async ([word, hint]) => {
    const { code, stderr } = await portlogHere([word, '--port', '22']);
    expect(stderr).toBe(`portlog: there is no command "${word}", and no file of that name\nportlog:   → ${hint}\n`);
    expect(code).toBe(2);
  });

  test('but a file of that name is a file', async () => {
    const dir = freshDir();
    writeFileSync(join(dir, 'stauts'), '<nmaprun');
    const { stderr } = await portlog(['stauts'], { cwd: dir });
    expect(stderr).toContain('stauts is not a scan: it is XML without an <nmaprun>');
  });

  test('and so is a word that ship is asked to read', async () => {
    expect((await portlogHere(['ship', 'stauts'])).stderr).toContain('stauts could not be read: there is no such file');
  });
});
