import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { PortlogError } from '../../src/core/errors.ts';
import { DEFAULT_OPTIONS } from '../../src/event/context.ts';
import { fileNotShippedEvent } from '../../src/event/health.ts';
import type { Source } from '../../src/source/source.ts';
import { failedFiles, FileAttempts, recordEndReason, markReported, unreportedFiles } from '../../src/state/file-attempts.ts';
import { SeenFiles } from '../../src/state/seen-files.ts';
import { withStallLimit } from '../../src/unattended/stall-limit.ts';
import { ROOT } from '../support/run-portlog.ts';
import { ecs } from '../support/scans.ts';
import { expectValidEvent } from '../support/validate.ts';
import { database, stateDir } from '../support/own-database.ts';
import { watcherOf, report, put, path, ownDirectory } from '../support/watched.ts';

ownDirectory();

describe('a file that is too much', () => {
  const died = (pid: number): boolean => pid !== 7;
  /** A process that reads the files together and is gone before it knows. */
  const dies = async (): Promise<void> => {
    await watcherOf(report, { pid: 7, ship: () => Promise.reject(new Error('killed')) })
      .look()
      .catch(() => undefined);
  };

  test('is found: each suspect file is tried alone after the others, and the one that crashes portlog is set aside', async () => {
    put('a.xml', 'bad.xml', 'c.xml');
    await dies();
    put('new.xml');
    const isBad = new Error('killed');
    const words = 'reading it took 1600 MiB of memory';
    const next = watcherOf(report, {
      pid: 7,
      isAlive: died,
      ship: async (sources) => {
        const names = sources.map(({ name }) => basename(name));
        next.shipped.push(names);
        if (!names.includes('bad.xml')) return report(names);
        recordEndReason(database, 7, words);
        throw isBad;
      },
    });
    await expect(next.look()).rejects.toBe(isBad);
    expect(next.shipped).toEqual([['new.xml'], ['a.xml'], ['bad.xml']]);
    const last = watcherOf(report, { isAlive: died });
    await last.look();
    await last.look();
    expect(last.shipped.map(([name]) => name)).toEqual(['c.xml']);
    expect(last.leftAlone).toEqual([expect.stringMatching(/^bad\.xml: reading it took 1600 MiB of memory: set aside/)]);
    expect(failedFiles(database)).toMatchObject([{ name: 'bad.xml', problem: words, isAside: true }]);
    appendFileSync(join(path, 'bad.xml'), '\n');
    await last.look();
    expect(last.shipped.map(([name]) => name)).toEqual(['c.xml', 'bad.xml']);
    expect(failedFiles(database)).toEqual([]);
  });

  test('switching a machine off now and then sets nothing aside; repeatedly at one file does', async () => {
    put('a.xml');
    for (let i = 0; i < 4; i++) {
      await dies();
      expect(new FileAttempts(database, path, { pid: 1, isAlive: died }).orphans(Date.now())).toEqual([]);
    }
    await dies();
    expect(new FileAttempts(database, path, { pid: 1, isAlive: died }).orphans(Date.now())).toEqual([
      'a.xml: portlog ended unexpectedly 5 times while it read it',
    ]);
  });

  test('that is recorded as being read at a time in the future is tried all the same', async () => {
    put('a.xml');
    const time = Date.now();
    new FileAttempts(database, path, { pid: 4321, isAlive: () => true }).begin([{ name: 'a.xml', version: '1' }], '', time + 40 * 24 * 3_600_000);
    const now = new FileAttempts(database, path, { pid: 1, isAlive: () => true });
    expect(now.begin([{ name: 'a.xml', version: '1' }], '', time)).toHaveLength(1);
    const later = new FileAttempts(database, path, { pid: 2, isAlive: () => true });
    expect(later.begin([{ name: 'a.xml', version: '1' }], '', time + 1000)).toEqual([]);
  });

  test('a problem of a file is reported as an event once, until there is another one', async () => {
    put('a.xml');
    const problem = { now: 'permission is denied' };
    const read = watcherOf((names) => report(names, { 'a.xml': new PortlogError('input-unreadable', problem.now) }));
    await read.look();
    const [file, ...others] = unreportedFiles(database);
    if (file === undefined) throw new Error('nobody is told');
    expect(others).toEqual([]);
    const event = fileNotShippedEvent({ ...DEFAULT_OPTIONS, now: Date.now }, 'run', file);
    expectValidEvent(event);
    expect(ecs(event)).toMatchObject({
      event: { action: 'file-not-shipped', outcome: 'failure', reason: 'permission is denied' },
      message: `site default: ${path}/a.xml was not shipped: permission is denied`,
    });
    markReported(database, file);
    await watcherOf((names) => report(names, { 'a.xml': new PortlogError('input-unreadable', problem.now) })).look();
    expect(unreportedFiles(database)).toEqual([]);
    problem.now = 'input/output error';
    await watcherOf((names) => report(names, { 'a.xml': new PortlogError('input-unreadable', problem.now) })).look();
    expect(unreportedFiles(database)).toHaveLength(1);
  });

  test('that is no scan is set aside beside others that ship, and is tried again when it changes, or with --again', async () => {
    put('a.xml', 'bad.xml');
    const problem = new PortlogError('input-not-a-scan', 'bad.xml is not a scan: it is empty');
    const ship = (names: readonly string[]): ReturnType<typeof report> => report(names, { 'bad.xml': problem });
    const first = watcherOf(ship);
    await first.look();
    await first.look();
    expect(first.shipped).toEqual([['a.xml', 'bad.xml', '→', 'file a']]);
    expect(failedFiles(database)).toMatchObject([{ name: 'bad.xml', problem: problem.message, isAside: true }]);
    expect(new SeenFiles(database, path).summary().files).toBe(1);
    const again = watcherOf(ship, { again: true });
    await again.look();
    await again.look();
    expect(again.shipped.map(([name]) => name)).toEqual(['a.xml', 'bad.xml']);
    appendFileSync(join(path, 'bad.xml'), '\n');
    const after = watcherOf(report);
    await after.look();
    expect([after.shipped, failedFiles(database)]).toEqual([[['bad.xml', '→', 'file a']], []]);
  });

  test('after a bug with several files each is tried alone; with one, the file is set aside', async () => {
    put('a.xml', 'bad.xml');
    const all = watcherOf((names) => (names.includes('bad.xml') ? new PortlogError('mistake', 'what was due failed') : report(names)));
    for (let i = 0; i < 4; i++) await all.look();
    expect(all.shipped.map((words) => words.slice(0, words.indexOf('→')))).toEqual([['a.xml', 'bad.xml'], ['a.xml'], ['bad.xml']]);
    expect(failedFiles(database)).toMatchObject([{ name: 'bad.xml', isAside: true }]);
  });

  test('reading that hangs is given up', async () => {
    const hangs: Source = {
      name: 'share/a.xml',
      live: false,
      bytes: async function* () {
        yield Buffer.from('<nmaprun');
        await new Promise(() => undefined);
      },
    };
    const read = async (): Promise<number> => {
      let chunks = 0;
      for await (const chunk of withStallLimit(hangs, 50, systemClock).bytes(new AbortController().signal)) chunks += Math.sign(chunk.length);
      return chunks;
    };
    await expect(read()).rejects.toMatchObject({
      code: 'input-stalled',
      message: expect.stringMatching(/^share\/a\.xml could not be read: nothing came for/),
    });
  });

  test.for([
    ['blocked', { blockedSeconds: 1, memoryBytes: 2 ** 40 }, 'for (;;);', /^reading it blocked portlog for \d+ seconds$/],
    [
      'too large',
      { blockedSeconds: 60, memoryBytes: 300 << 20 },
      'const all = []; setInterval(() => all.push(Buffer.alloc(20 << 20, 1)), 50);',
      /^reading it took \d+ MiB of memory$/,
    ],
  ] as const)('a process that is %s is ended by its watchdog, which says why', async ([, limits, work, why]) => {
    const attempts = new FileAttempts(database, path, { pid: 1, isAlive: () => true });
    const script = `
      import { startWatchdog } from '${ROOT}src/cli/session/watchdog.ts';
      startWatchdog(${JSON.stringify(stateDir)}, 'text', ${JSON.stringify(limits)});
      process.stdin.once('data', () => { ${work} });`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { stdio: ['pipe', 'ignore', 'pipe'] });
    database.run(
      "INSERT INTO file_attempt (directory, name, site, version, pid, started, alone, deaths, announced) VALUES (?, 'bad.xml', '', '1', ?, ?, 1, 0, 0)",
      path,
      child.pid ?? 0,
      Date.now(),
    );
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said += String(text)));
    child.stdin.write('go\n');
    const signal = await new Promise((resolve) => child.once('exit', (_, by) => resolve(by)));
    expect([signal, said]).toEqual(['SIGKILL', expect.stringContaining('so portlog ends; after a restart it skips that file')]);
    expect(attempts.of({ name: 'bad.xml', version: '1' })).toBeUndefined();
    new FileAttempts(database, path, { pid: 1, isAlive: (pid) => pid !== child.pid }).orphans(Date.now());
    expect(failedFiles(database)).toMatchObject([{ name: 'bad.xml', problem: expect.stringMatching(why), isAside: true }]);
  });
});
