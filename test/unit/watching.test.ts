import { spawn } from 'node:child_process';
import { appendFileSync, linkSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { newTally } from '../../src/state/tally.ts';
import { openDatabase, stateFile } from '../../src/state/store.ts';
import { PortlogError } from '../../src/core/errors.ts';
import { DEFAULT_OPTIONS } from '../../src/event/context.ts';
import { fileNotShippedEvent } from '../../src/event/health.ts';
import { newInputReport } from '../../src/pipeline/input-report.ts';
import type { ShipReport } from '../../src/pipeline/ship.ts';
import { Directory, OwnSightings } from '../../src/source/directory.ts';
import { foundSource } from '../../src/source/file.ts';
import type { Source } from '../../src/source/source.ts';
import { Database } from '../../src/state/database.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { failedFiles, FileAttempts, noteLastWords, toldOf, untoldFiles } from '../../src/state/file-attempts.ts';
import { keepLooking } from '../../src/unattended/keep-looking.ts';
import { patient } from '../../src/unattended/patient.ts';
import { ScheduledScans } from '../../src/state/scheduled-scans.ts';
import { SeenFiles } from '../../src/state/seen-files.ts';
import { UnfinishedFiles } from '../../src/state/unfinished-files.ts';
import { Watcher, type WatcherOptions } from '../../src/unattended/watcher.ts';
import { freshDir, ROOT } from '../support/run-portlog.ts';
import { ecs, host, port, scan } from '../support/scans.ts';
import { expectValidEvent } from '../support/validate.ts';

const WHOLE = scan(host('192.0.2.1', port(80)));
const HOUR = 3_600_000;

let database: Database;
let path: string;
let stateDir: string;
beforeEach(() => {
  stateDir = freshDir();
  database = openDatabase(stateDir);
  path = freshDir();
});
afterEach(() => database.close());

/** How a run went in which everything was delivered, but for what the files are said to have. */
function report(names: readonly string[], problems: Readonly<Record<string, PortlogError>> = {}): ShipReport {
  const inputs = names.map((name) => Object.assign(newInputReport(name), { problem: problems[basename(name)] }));
  const none = newTally();
  const sink = { sink: 'file out', tally: none, own: none, replayed: none, waiting: 0, damaged: 0, spoolFull: false };
  const nothing = { failure: undefined, firstRejection: undefined, unaccountable: undefined, bookkeeping: undefined };
  return { inputs, sinks: [{ ...sink, ...nothing }], interrupted: false, lostRuns: [], untracked: undefined };
}

interface Told {
  readonly shipped: string[][];
  readonly leftAlone: string[];
}

/** A watcher of `path` as a process of that number has it. */
function watcherOf(
  ship: (names: readonly string[]) => ShipReport | PortlogError,
  { pid = 1, isAlive = () => true, ...more }: Partial<WatcherOptions> & { pid?: number; isAlive?: (pid: number) => boolean } = {},
): Told & { look(): Promise<boolean> } {
  const told: Told = { shipped: [], leftAlone: [] };
  const watched = {
    directory: new Directory(path, { cutAfterMs: HOUR, isOurClock: () => true, sightings: new OwnSightings() }),
    seen: new SeenFiles(database, path),
    attempts: new FileAttempts(database, path, { pid, isAlive }),
    site: undefined,
  };
  const watcher = new Watcher([watched], {
    sinks: ['file a'],
    again: false,
    ship: async (sources, { sinks, again }) => {
      const names = sources.map(({ name }) => basename(name));
      told.shipped.push([...names, '→', ...sinks, ...(again ? ['again'] : [])]);
      return ship(names);
    },
    clock: systemClock,
    stop: new AbortController().signal,
    onTrouble: (error) => {
      throw error;
    },
    onRecovery: () => undefined,
    onUnfinished: () => undefined,
    onLeftAlone: (file, why) => told.leftAlone.push(`${basename(file)}: ${why}`),
    ...more,
  });
  return { ...told, look: () => watcher.look() };
}

const put = (...names: readonly string[]): void => {
  for (const [index, name] of names.entries()) {
    writeFileSync(join(path, name), WHOLE);
    utimesSync(join(path, name), 1_700_000_000 + index, 1_700_000_000 + index);
  }
};

describe('each sink gets each file', () => {
  test('a sink that comes later gets what lies there, and the others nothing again', async () => {
    put('a.xml', 'b.xml');
    const trial = watcherOf(report, { sinks: ['stdout  ecs'] });
    await trial.look();
    put('c.xml');
    const both = watcherOf(report, { sinks: ['stdout  ecs', 'loki http://loki:3100 '] });
    expect([await both.look(), await both.look()]).toEqual([true, false]);
    expect([...trial.shipped, ...both.shipped]).toEqual([
      ['a.xml', 'b.xml', '→', 'stdout  ecs'],
      ['a.xml', 'b.xml', '→', 'loki http://loki:3100 '],
      ['c.xml', '→', 'stdout  ecs', 'loki http://loki:3100 '],
    ]);
  });

  test('--again: what lies there when it begins goes again, once, what comes then as always', async () => {
    put('a.xml');
    await watcherOf(report).look();
    const again = watcherOf(report, { again: true });
    await again.look();
    await again.look();
    put('b.xml');
    await again.look();
    expect(again.shipped[0]).toEqual(['a.xml', '→', 'file a', 'again']);
    expect(again.shipped.slice(1).map(([name]) => name)).toEqual(['b.xml']);
  });

  test('three processes on one state ship a file once', async () => {
    put('a.xml');
    const others = [2, 3].map((pid) => watcherOf(report, { pid }));
    const first = watcherOf(report, {
      ship: async (sources) => {
        for (const other of others) await other.look();
        return report(sources.map(({ name }) => name));
      },
    });
    await first.look();
    for (const other of others) await other.look();
    expect(others.flatMap(({ shipped }) => shipped)).toEqual([]);
  });
});

describe('a file that is too much', () => {
  const died = (pid: number): boolean => pid !== 7;
  /** A process that reads the files together and is gone before it knows. */
  const dies = async (): Promise<void> => {
    await watcherOf(report, { pid: 7, ship: () => Promise.reject(new Error('killed')) })
      .look()
      .catch(() => undefined);
  };

  test('is found: of several, each is tried alone and behind the others, and the one with which it is ended is set aside', async () => {
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
        noteLastWords(database, 7, words);
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

  test('a machine that is switched off now and then sets nothing aside; again and again at one file does', async () => {
    put('a.xml');
    for (let i = 0; i < 4; i++) {
      await dies();
      expect(new FileAttempts(database, path, { pid: 1, isAlive: died }).orphans(Date.now())).toEqual([]);
    }
    await dies();
    expect(new FileAttempts(database, path, { pid: 1, isAlive: died }).orphans(Date.now())).toEqual([
      'a.xml: portlog ended without a word 5 times while it read it',
    ]);
  });

  test('that a clock which was ahead wrote down as being read is tried all the same', async () => {
    put('a.xml');
    const time = Date.now();
    new FileAttempts(database, path, { pid: 4321, isAlive: () => true }).begin([{ name: 'a.xml', version: '1' }], '', time + 40 * 24 * 3_600_000);
    const now = new FileAttempts(database, path, { pid: 1, isAlive: () => true });
    expect(now.begin([{ name: 'a.xml', version: '1' }], '', time)).toHaveLength(1);
    const later = new FileAttempts(database, path, { pid: 2, isAlive: () => true });
    expect(later.begin([{ name: 'a.xml', version: '1' }], '', time + 1000)).toEqual([]);
  });

  test('what is wrong with a file is told as an event, once, until something else is', async () => {
    put('a.xml');
    const problem = { now: 'permission is denied' };
    const read = watcherOf((names) => report(names, { 'a.xml': new PortlogError('input-unreadable', problem.now) }));
    await read.look();
    const [file, ...others] = untoldFiles(database);
    if (file === undefined) throw new Error('nobody is told');
    expect(others).toEqual([]);
    const event = fileNotShippedEvent({ ...DEFAULT_OPTIONS, now: Date.now }, 'run', file);
    expectValidEvent(event);
    expect(ecs(event)).toMatchObject({
      event: { action: 'file-not-shipped', outcome: 'failure', reason: 'permission is denied' },
      message: `site default: ${path}/a.xml was not shipped: permission is denied`,
    });
    toldOf(database, file);
    await watcherOf((names) => report(names, { 'a.xml': new PortlogError('input-unreadable', problem.now) })).look();
    expect(untoldFiles(database)).toEqual([]);
    problem.now = 'input/output error';
    await watcherOf((names) => report(names, { 'a.xml': new PortlogError('input-unreadable', problem.now) })).look();
    expect(untoldFiles(database)).toHaveLength(1);
  });

  test('a mistake of ours with several is tried with each; with one it is set aside', async () => {
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
      for await (const chunk of patient(hangs, 50, systemClock).bytes(new AbortController().signal)) chunks += Math.sign(chunk.length);
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
      "INSERT INTO file_attempt (directory, name, site, version, pid, started, alone, deaths, told) VALUES (?, 'bad.xml', '', '1', ?, ?, 1, 0, 0)",
      path,
      child.pid ?? 0,
      Date.now(),
    );
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said += String(text)));
    child.stdin.write('go\n');
    const signal = await new Promise((resolve) => child.once('exit', (_, by) => resolve(by)));
    expect([signal, said]).toEqual(['SIGKILL', expect.stringContaining('so it is ended')]);
    expect(attempts.of({ name: 'bad.xml', version: '1' })).toBeUndefined();
    new FileAttempts(database, path, { pid: 1, isAlive: (pid) => pid !== child.pid }).orphans(Date.now());
    expect(failedFiles(database)).toMatchObject([{ name: 'bad.xml', problem: expect.stringMatching(why), isAside: true }]);
  });
});

describe('what lies in a directory', () => {
  const read = async (source: Source): Promise<string> => {
    const chunks: Buffer[] = [];
    for await (const chunk of source.bytes(new AbortController().signal)) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString();
  };

  test('a name that is no UTF-8 is shipped, too, and shown by its bytes', async () => {
    writeFileSync(Buffer.concat([Buffer.from(`${path}/gr`), Buffer.from([0xfc]), Buffer.from('n.xml')]), WHOLE);
    const { ready } = await new Directory(path, { cutAfterMs: HOUR, isOurClock: () => true, sightings: new OwnSightings() }).look(
      Date.now(),
      () => true,
    );
    expect(ready.map(({ name }) => name)).toEqual([String.raw`gr\xFCn.xml`]);
    const [file] = ready;
    if (file !== undefined) expect(await read(foundSource(file))).toBe(WHOLE);
  });

  test('symbolic links are not followed, and that is said once; nor is one that takes the place of a file', async () => {
    put('a.xml');
    const secret = join(freshDir(), 'secret.xml');
    writeFileSync(secret, WHOLE);
    symlinkSync(secret, join(path, 'link.xml'));
    linkSync(secret, join(path, 'hard.xml'));
    const all = watcherOf(report);
    await all.look();
    await all.look();
    expect(all.shipped).toEqual([['a.xml', 'hard.xml', '→', 'file a']].map((words) => expect.arrayContaining(words)));
    expect(all.leftAlone).toEqual(['link.xml: it is a symbolic link, and those are not followed']);
    const name = join(path, 'link.xml');
    await expect(read(foundSource({ path: name, at: name }))).rejects.toThrow(`${name} could not be read: it is a symbolic link`);
  });

  test('on a share whose clock is behind a scan that grows is not cut, whoever looks; one that does not is', async () => {
    const half = WHOLE.slice(0, WHOLE.length / 2);
    writeFileSync(join(path, 'a.xml'), half);
    const now = Date.now() + 5 * HOUR;
    // As `--once` looks, a process each time.
    const look = async (at: number): Promise<number> => {
      const directory = new Directory(path, { cutAfterMs: HOUR, isOurClock: () => false, sightings: new UnfinishedFiles(database, path) });
      return (await directory.look(at, () => true)).ready.length;
    };
    for (let i = 0; i < 4; i++) {
      expect(await look(now + i * 2 * HOUR)).toBe(0);
      appendFileSync(join(path, 'a.xml'), ' ');
    }
    expect([await look(now + 9 * HOUR), await look(now + 9.9 * HOUR), await look(now + 10 * HOUR)]).toEqual([0, 0, 1]);
  });

  test('a file that was copied with its old time, and still grows, is not cut', async () => {
    const half = WHOLE.slice(0, WHOLE.length / 2);
    const directory = new Directory(path, { cutAfterMs: HOUR, isOurClock: () => true, sightings: new OwnSightings() });
    for (let i = 1; i < 4; i++) {
      writeFileSync(join(path, 'a.xml'), half.slice(0, half.length - 4 + i));
      utimesSync(join(path, 'a.xml'), 1, 1);
      expect((await directory.look(Date.now(), () => true)).ready).toEqual([]);
    }
  });
});

describe('clocks that were wrong', () => {
  test('a start with a clock in the future does not settle a schedule for ever', () => {
    const scans = new ScheduledScans(database);
    const [now, future] = [Date.parse('2026-01-31T12:00:00Z'), Date.parse('2036-01-31T12:00:00Z')];
    scans.settledUntil('nightly', '0 2 * * *', future);
    scans.begin('nightly', 'lab', future + HOUR, 1, future + HOUR);
    scans.end('nightly', future + HOUR, undefined, future + 2 * HOUR);
    expect(scans.settledUntil('nightly', '0 2 * * *', now)).toBe(now);
    expect(scans.last('nightly', () => true)).toBeUndefined();
    // Clocks that are a little apart settle as they did.
    scans.begin('nightly', 'lab', now, 1, now + 60_000);
    expect(scans.settledUntil('nightly', '0 2 * * *', now)).toBe(now + 60_000);
  });

  test('a look that was paused, or through which the clock was set, is not followed by a long rest', async () => {
    let time = 0;
    const rests: number[] = [];
    const stop = new AbortController();
    const took = [0, 30_000, 0, 40 * 24 * HOUR, 0, -HOUR, 0];
    await keepLooking({ look: async () => ((time += took.shift() ?? 0), false) }, undefined, {
      pollMs: 1000,
      clock: {
        now: () => time,
        elapsed: () => time,
        random: () => 0,
        sleep: async (ms) => {
          rests.push(ms);
          if (took.length === 0) stop.abort();
        },
      },
      stop: stop.signal,
      onProblem: () => undefined,
    });
    expect(rests).toEqual(Array.from({ length: 7 }, () => 1000));
  });
});

test('a state of before knows what was shipped to the sinks that there were', () => {
  const folder = freshDir();
  const step = SCHEMA_VERSIONS.findIndex((one) => typeof one === 'string' && one.includes('CREATE TABLE shipped_file'));
  const old = Database.open(stateFile(folder), SCHEMA_VERSIONS.slice(0, step));
  old.run("INSERT INTO sink (type, target, scope) VALUES ('file', '/out', '')");
  old.run("INSERT INTO seen_file (directory, name, version, shipped) VALUES ('/scans', 'a.xml', '1', 1)");
  old.close();
  const upgraded = openDatabase(folder);
  expect(new SeenFiles(upgraded, '/scans').missing('a.xml', '1', ['file /out ', 'stdout  ecs', 'loki http://new '])).toEqual(['loki http://new ']);
  upgraded.close();
});
