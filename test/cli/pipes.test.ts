import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { NEVER, SCAN } from '../support/mistyped.ts';
import { finished, freshDir, portlog, startPortlog, untilPrinted } from '../support/run-portlog.ts';

/* Outputs that are pipes without a reader, sockets, directories: nobody waits for them. */

const pipe = (folder: string, name: string): string => {
  const path = join(folder, name);
  spawnSync('mkfifo', [path]);
  return path;
};

const known = async (): Promise<readonly [folder: string, state: readonly string[]]> => {
  const folder = freshDir();
  const state = ['--state-dir', join(folder, 'state')] as const;
  expect((await portlog([...state, '--to', `file=${join(folder, 'out')}`, SCAN])).code).toBe(0);
  return [folder, state];
};

describe('a pipe that nobody reads', () => {
  test('is no file for metrics: a warning, and the rest is done', async () => {
    const [folder, state] = await known();
    const path = pipe(folder, 'm.prom');
    const { code, stderr } = await portlog([...state, '--again', '--to', `file=${join(folder, 'out')}`, '--metrics-file', path, SCAN]);
    expect([code, stderr]).toEqual([0, expect.stringContaining(`metrics could not be written to ${path}: it is a pipe that nobody reads`)]);
  });

  test('nor for a report', async () => {
    const [folder, state] = await known();
    const path = pipe(folder, 'report.html');
    const { code, stderr } = await portlog([...state, 'report', '--output', path]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`the report could not be written to ${path}: it is a pipe that nobody reads`)]);
  });

  test('nor for what is exported', async () => {
    const folder = freshDir();
    expect((await portlog(['setup', 'grafana', '--export', folder])).code).toBe(0);
    const path = pipe(folder, 'again');
    spawnSync('mv', [path, join(folder, 'README.md')]);
    const { code, stderr } = await portlog(['setup', 'grafana', '--export', folder]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('it is a pipe that nobody reads')]);
  });

  test.each(['file', 'wazuh'])('nor for events: the sink %s refuses it, with and without a reader', async (type) => {
    const folder = freshDir();
    const path = pipe(folder, 'pipe');
    const args = ['--state-dir', join(folder, 'state'), '--to', `${type}=${path}`];
    for (const command of [
      ['check', ...args],
      [...args, SCAN],
    ]) {
      const { code, stdout, stderr } = await portlog(command);
      expect([code, stdout + stderr]).toEqual([2, expect.stringContaining('it is a pipe or a socket')]);
      expect(stderr).not.toMatch(NEVER);
    }
    const reader = spawn('cat', [path], { stdio: 'ignore' });
    expect((await portlog([...args, SCAN])).code).toBe(2);
    reader.kill();
  });
});

test('a pipe with a slow reader gets the whole report', async () => {
  const [folder, state] = await known();
  const path = pipe(folder, 'slow');
  const reader = spawn('sh', ['-c', `exec 3< "$0"; sleep 1; cat <&3 > "$1"`, path, join(folder, 'got')], { stdio: 'ignore' });
  const ended = new Promise((resolve) => reader.once('close', resolve));
  // Until he has opened it, nobody reads.
  let code: number | null = 2;
  for (let i = 0; i < 100 && code !== 0; i++) ({ code } = await portlog([...state, 'report', '--output', path]));
  expect(code).toBe(0);
  await ended;
  expect(readFileSync(join(folder, 'got'), 'utf8')).toContain('</html>');
});

test('a state that is a pipe is no state', async () => {
  const folder = freshDir();
  pipe(folder, 'portlog.db');
  const state = ['--state-dir', folder] as const;
  const check = await portlog(['check', ...state]);
  expect([check.code, check.stdout]).toEqual([4, expect.stringContaining('portlog.db is not a file')]);
  for (const args of [['status'], ['inventory'], ['replay', '--list'], ['--to', `file=${join(folder, 'out')}`, SCAN]])
    expect((await portlog([...args, ...state])).code, args[0]).toBe(4);
});

test('a socket is no file', async () => {
  const folder = freshDir();
  const path = join(folder, 'socket');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const { code, stderr } = await portlog(['--state-dir', join(folder, 'state'), '--to', `file=${path}`, SCAN]);
  expect([code, stderr]).toEqual([2, expect.stringContaining('it is a pipe or a socket')]);
  await new Promise((resolve) => server.close(resolve));
});

test('where a directory is, none of them is written', async () => {
  const [folder, state] = await known();
  mkdirSync(join(folder, 'd.prom'));
  const report = await portlog([...state, 'report', '--output', join(folder, 'd.prom')]);
  expect([report.code, report.stderr]).toEqual([2, expect.stringContaining('could not be written')]);
  const metrics = await portlog([...state, '--again', '--to', `file=${join(folder, 'out')}`, '--metrics-file', join(folder, 'd.prom'), SCAN]);
  expect([metrics.code, metrics.stderr]).toEqual([0, expect.stringContaining('metrics could not be written')]);
  expect(statSync(join(folder, 'd.prom')).isDirectory()).toBe(true);
});

describe('a pipe without a writer', () => {
  test.for<readonly [name: string, args: (path: string) => readonly string[]]>([
    ['as a scan', (path) => [path]],
    ['as the older of two scans', (path) => ['diff', path, SCAN]],
    ['as the newer of two scans', (path) => ['diff', SCAN, path]],
    ['as a scan of a report', (path) => ['report', path]],
    ['as the scan of a policy', (path) => ['exposure', 'init', path]],
  ])('%s is waited for, with a message, and read when somebody writes', async ([, argsOf]) => {
    const path = pipe(freshDir(), 'scan.xml');
    const child = startPortlog(argsOf(path));
    const ended = finished(child);
    await untilPrinted(child, 'stderr', `portlog: ${path} is a pipe without a writer so far: waiting`);
    writeFileSync(path, readFileSync(SCAN));
    expect((await ended).code).toBe(0);
  });

  test('as configuration, policy, key or certificate is not', async () => {
    const path = pipe(freshDir(), 'silent');
    const to = ['--to', 'elasticsearch=https://127.0.0.1:1', SCAN];
    for (const [args, env] of [
      [['--config', path, SCAN], {}],
      [['--exposure', path, SCAN], {}],
      [['--ca-file', path, ...to], {}],
      [to, { PORTLOG_ELASTICSEARCH_API_KEY_FILE: path }],
    ] as const) {
      const { code, stderr } = await portlog(args, { env });
      expect([code, stderr]).toEqual([2, expect.stringContaining('it is a pipe or a terminal, and nothing comes out of it')]);
    }
  });
});
