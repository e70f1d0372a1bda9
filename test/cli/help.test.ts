import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { join } from 'node:path';
import { portlog, ROOT } from '../support/run-portlog.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { COMMAND_NAMES } from '../../src/cli/commands.ts';
import { SCAN } from '../support/mistyped.ts';

describe('help', () => {
  test.for([[], ...COMMAND_NAMES.map((command) => [command])])('portlog help %s fits 80 columns', async (command) => {
    const { stdout, code } = await portlogHere(['help', ...command]);
    expect(code).toBe(0);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).toBe((await portlogHere([...command, '--help'])).stdout);
  });

  test('-V and -v are the version, as --version is', async () => {
    const { stdout } = await portlogHere(['-V']);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    for (const args of [['--version'], ['version'], ['-v'], ['ship', '--version']])
      expect(await portlogHere(args)).toEqual({ stdout, stderr: '', code: 0 });
  });

  test('-v with a scan on standard input is verbose, and loses no scan', async () => {
    const { stdout, stderr } = await portlog(['-v'], { input: readFileSync(SCAN) });
    expect(stdout).toContain('"nmap.port"');
    expect(stderr).toContain('standard input: 1 run, 3 hosts listed');
  });
});

test('help is in its own list and is completed, and a page is found by its topic', async () => {
  expect((await portlog(['help'])).stdout).toMatch(/^ {2}help +show the options of a command, or a page/m);
  const { stdout, code } = await portlog(['help', 'exit-codes']);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^# /)]);
  expect((await portlog(['completion', 'bash'])).stdout).toMatch(/help\) _portlog_words '[^']*\bexit-codes\b/);
});

test('the pages are listed, and of two with one name the other is named', async () => {
  const { stdout } = await portlogHere(['help']);
  const listed = stdout.slice(stdout.indexOf('Pages:'), stdout.indexOf('Exit:')).replaceAll(/\s+/g, ' ');
  for (const page of ['exit-codes', 'unattended', 'delivery', 'new-open-port']) expect(listed).toMatch(new RegExp(`[ ]${page}(?:,| )`));
  const rules = (await portlogHere(['help', 'rules'])).stdout;
  expect(rules).toBe(`${readFileSync(join(ROOT, 'docs/reference/rules.md'), 'utf8').trimEnd()}\n\nSee also: portlog help docs/how-to/rules.md\n`);
  expect((await portlogHere(['help', 'docs/how-to/rules.md'])).stdout).not.toContain('See also: portlog help');
  expect((await portlogHere(['help', 'nosuch'])).stderr).toContain('portlog help lists the commands and pages');
});

describe('the help of a command', () => {
  const helpOf = async (name: string): Promise<string> => (await portlog([name, '--help'])).stdout;

  test('has its options in the same order as any other: first where to, last messages', async () => {
    for (const name of COMMAND_NAMES) {
      const titles = [...(await helpOf(name)).matchAll(/^(Where to|What|How|Messages):$/gm)].map(([, title = '']) => title);
      const order = ['Where to', 'What', 'How', 'Messages'].filter((title) => titles.includes(title));
      expect([name, titles]).toEqual([name, order]);
    }
  });

  test('names only exit codes with which it can end', async () => {
    for (const name of ['inventory', 'findings', 'report', 'diff', 'exposure', 'status', 'completion']) {
      const text = await helpOf(name);
      expect([name, /Exit:[^]*\b(?:delivered|partly|interrupted|destination)/.test(text)]).toEqual([name, false]);
    }
    expect((await helpOf('ship')).replaceAll(/\s+/g, ' ')).toContain('Exit: 0 delivered; 1 some input or event failed; 2 usage or configuration;');
  });

  test('of what is known says that all sites are shown', async () => {
    for (const name of ['inventory', 'findings', 'report']) expect(await helpOf(name)).toMatch(/--site NAME +only this site \(default: all sites\)/);
  });
});
