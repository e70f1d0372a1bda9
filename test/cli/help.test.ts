import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { portlog } from '../support/run-portlog.ts';
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
  expect((await portlog(['help'])).stdout).toMatch(/^ {2}help +the options of a command, or a page/m);
  const { stdout, code } = await portlog(['help', 'exit-codes']);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^# /)]);
  expect((await portlog(['completion', 'bash'])).stdout).toMatch(/help\) _portlog_words '[^']*\bexit-codes\b/);
});
