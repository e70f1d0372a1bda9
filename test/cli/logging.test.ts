import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { portlog } from '../support/run-in-process.ts';
import { finished, freshDir, ROOT } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';

/** What turns text around, and what a terminal obeys: C0, C1 and a mark for direction. */
const NASTY = 'a\u001B[31m\u009B31m\u202Etxt';

interface Message {
  readonly time: string;
  readonly level: string;
  readonly message: string;
  readonly hint?: string;
  readonly code?: string;
}

let home: string;
beforeEach(() => {
  home = freshDir();
  mkdirSync(join(home, 'scans'));
});

const watch = (...more: readonly string[]): readonly string[] => [
  'watch',
  '--once',
  join(home, 'scans'),
  '--state-dir',
  join(home, 'state'),
  '--to',
  `file=${join(home, 'out')}`,
  ...more,
];

function messages(stderr: string): readonly Message[] {
  return stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Message);
}

describe('--log-format json', () => {
  test('is an object a line, with time, level and message', async () => {
    writeFileSync(join(home, 'scans', 'a.xml'), scan(host('192.0.2.1', port(80))));
    const { stderr, code } = await portlog(watch('--log-format', 'json', '--verbose'));
    expect(code).toBe(0);
    const all = messages(stderr);
    for (const { time } of all) expect(new Date(time).toISOString()).toBe(time);
    expect(new Set(all.map(({ level }) => level))).toEqual(new Set(['info', 'debug']));
    expect(all.some(({ message }) => message.startsWith(`file ${join(home, 'out')}: read `))).toBe(true);
  });

  test.each([
    ['of a command', ['watch', '/nowhere', '--log-format', 'json'], {}, 'input-unreadable'],
    ['before a command is known, by the environment', ['nosuchcommand'], { PORTLOG_LOG_FORMAT: 'json' }, 'usage'],
  ])('has the code of an error, and what to do: %s', async (_, args, env, code) => {
    const { stderr } = await portlog(args, { env });
    expect(messages(stderr)).toEqual([{ time: expect.any(String), level: 'error', message: expect.any(String), hint: expect.any(String), code }]);
  });

  test('has nothing in it that a terminal would obey, whatever files are called', async () => {
    writeFileSync(join(home, 'scans', `${NASTY}.xml`), scan(host('192.0.2.1', port(80))));
    const { stderr } = await portlog(watch('--log-format', 'json'));
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/);
    const named = messages(stderr).find(({ message }) => message.includes('.xml: 1 run'));
    expect(named?.message).toContain('a\\x1B[31m\\x9B31m\\u202Etxt.xml');
  });
});

test('file names that a terminal would obey are shown by their bytes, and shipped', async () => {
  writeFileSync(join(home, 'scans', `${NASTY}.xml`), scan(host('192.0.2.1', port(80))));
  writeFileSync(join(home, 'scans', `${NASTY}2.xml`), 'no scan');
  const { stderr } = await portlog(watch('--verbose'));
  expect(stderr).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/);
  expect(stderr).toContain('a\\x1B[31m\\x9B31m\\u202Etxt.xml: 1 run');
  expect(readFileSync(join(home, 'out'), 'utf8')).toContain('192.0.2.1');
  const status = await portlog(['status', '--state-dir', join(home, 'state')]);
  expect(status.stdout + status.stderr).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/);
});

test.each(['text', 'json'])('a sentence with 900 kB of a scan in it stays a line that a journal takes: %s', async (format) => {
  const failed = `<runstats><finished time="1760000060" exit="error" errormsg="${'é'.repeat(450_000)}"/></runstats></nmaprun>`;
  writeFileSync(join(home, 'failed.xml'), `<nmaprun scanner="nmap" args="nmap" start="1760000000">${failed}`);
  const { stderr, stdout } = await portlog(['--to', 'stdout', '--log-format', format, join(home, 'failed.xml')]);
  const line = stderr.split('\n').find((text) => text.includes('scan failed')) ?? '';
  expect(line).toMatch(/ scan failed: é{4000,4096}… \(89\d{4} more bytes\)/);
  expect(line.length).toBeLessThan(10_000);
  // The event has all of it.
  expect(stdout.length).toBeGreaterThan(450_000);
});

describe('journald', () => {
  /** Runs with standard error as `JOURNAL_STREAM` says that it is, or another. */
  async function run(stream: string, args: readonly string[]): Promise<string> {
    const script = `JOURNAL_STREAM=${stream} exec "$0" "$@"`;
    const program =
      process.env['PORTLOG_PROGRAM'] === undefined ? [process.execPath, join(ROOT, 'bin', 'portlog.js')] : [process.env['PORTLOG_PROGRAM']];
    const child = spawn('sh', ['-c', script, ...program, ...args], {
      env: { PATH: process.env['PATH'], HOME: home },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return (await finished(child)).stderr;
  }

  test('gets a priority with each line, and removes it', async () => {
    writeFileSync(join(home, 'scans', 'a.xml'), scan(host('192.0.2.1', port(80))));
    const lines = (await run(`"$(stat -L -c %d:%i /proc/self/fd/2)"`, watch('--verbose'))).trimEnd().split('\n');
    for (const line of lines) expect(line).toMatch(/^<[3467]>/);
    expect(lines.filter((line) => line.startsWith('<6>'))).toEqual(expect.arrayContaining([expect.stringContaining('a.xml: 1 run')]));
    const broken = await run(`"$(stat -L -c %d:%i /proc/self/fd/2)"`, ['watch', '/nowhere']);
    expect(broken).toMatch(/^<3>the directory \/nowhere cannot be watched: there is no such directory\n<3>  → .*\n$/);
  });

  test('gets no priorities on another stream', async () => {
    expect(await run('1:2', ['watch', '/nowhere'])).toMatch(/^portlog: the directory/);
  });
});
