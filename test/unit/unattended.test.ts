import { utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StoredMemory } from '../../src/state/sink-memory.ts';
import { stateFile } from '../../src/state/store.ts';
import { PortlogError } from '../../src/core/errors.ts';
import { newInputReport } from '../../src/pipeline/input-report.ts';
import type { SinkReport } from '../../src/delivery/report.ts';
import { type ShipReport } from '../../src/pipeline/ship.ts';
import { Database } from '../../src/state/database.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { Housekeeping } from '../../src/unattended/housekeeping.ts';
import { watchLoop } from '../../src/unattended/watch-loop.ts';
import { FileAttempts } from '../../src/state/file-attempts.ts';
import { SeenFiles } from '../../src/state/seen-files.ts';
import { Watcher } from '../../src/unattended/watcher.ts';
import { sinkReportOf } from '../support/sink-report.ts';
import { fastDir, freshDir } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';
import { Night, directoryAt, MINUTE, HOUR, START } from '../support/night.ts';

let database: Database;
beforeEach(() => {
  database = Database.open(stateFile(fastDir()), SCHEMA_VERSIONS);
});
afterEach(() => database.close());

/** Of one directory, by a process that lives as long as nobody says otherwise. */
function attemptsIn(path: string, pid = 1, isAlive: (pid: number) => boolean = () => true): FileAttempts {
  return new FileAttempts(database, path, { pid, isAlive });
}

/** How a run went in which everything was delivered, but for what is said. */
function report(inputs: readonly string[], more: Partial<ShipReport> = {}, sink: Partial<SinkReport> = {}): ShipReport {
  const sinks = [sinkReportOf(sink)];
  return { inputs: inputs.map(newInputReport), sinks, interrupted: false, lostRuns: [], untracked: undefined, hostsLeftOut: undefined, ...more };
}

describe('the watcher', () => {
  const WHOLE = scan(host('192.0.2.1', port(80)));
  let path: string;
  let clock: Night;
  let shipped: string[];
  beforeEach(() => {
    path = freshDir();
    clock = new Night(Number.POSITIVE_INFINITY);
    clock.time = Date.now();
    shipped = [];
  });

  function watcher(how: (names: readonly string[]) => ShipReport | undefined): Watcher {
    const watched = { directory: directoryAt(path), seen: new SeenFiles(database, path), attempts: attemptsIn(path), site: undefined };
    return new Watcher([watched], {
      sinks: ['file a'],
      again: false,
      ship: async (sources) => {
        const names = sources.map(({ name }) => basename(name));
        shipped.push(...names);
        return how(names);
      },
      clock,
      stop: clock.stop.signal,
      onError: (error) => {
        throw error;
      },
      onRecovery: () => undefined,
      onEmpty: () => undefined,
      onUnfinished: () => undefined,
      onIgnored: () => undefined,
    });
  }

  const put = (...names: readonly string[]): void => {
    for (const name of names) writeFileSync(join(path, name), WHOLE);
  };

  test('ships many files in runs of fifty, each once', async () => {
    const names = Array.from({ length: 120 }, (_, i) => `${String(i).padStart(3, '0')}.xml`);
    put(...names);
    const runs: number[] = [];
    const one = watcher((some) => {
      runs.push(some.length);
      return report(some);
    });
    expect([await one.look(), await one.look()]).toEqual([true, false]);
    expect(runs).toEqual([50, 50, 20]);
    expect([...shipped].sort()).toEqual(names);
  });

  test('of an interrupted run the last file counts as not shipped', async () => {
    put('a.xml');
    utimesSync(join(path, 'a.xml'), 1, 1);
    put('b.xml');
    await watcher((names) => report(names, { interrupted: true })).look();
    shipped = [];
    await watcher((names) => report(names)).look();
    expect(shipped).toEqual(['b.xml']);
  });

  test.each([
    ['no sink was ready', () => undefined],
    ['the state could not be written', (names: readonly string[]) => report(names, { untracked: new PortlogError('state-unusable', 'full') })],
    ['the spool is full', (names: readonly string[]) => report(names, {}, { spoolFull: true })],
    ['events could not be kept', (names: readonly string[]) => report(names, {}, { unaccountable: new PortlogError('state-unusable', 'full') })],
    [
      'the file could not be opened',
      (names: readonly string[]) => {
        const whole = report(names);
        for (const input of whole.inputs) Object.assign(input, { problem: new PortlogError('input-unreadable', 'permission is denied') });
        return whole;
      },
    ],
  ])('when %s, it is tried again after a minute', async (_, how) => {
    put('a.xml');
    let isBad = true;
    const one = watcher((names) => (isBad ? how(names) : report(names)));
    expect(await one.look()).toBe(true);
    expect(await one.look()).toBe(false);
    clock.pass(MINUTE);
    isBad = false;
    expect(await one.look()).toBe(true);
    clock.pass(24 * HOUR);
    expect(await one.look()).toBe(false);
    expect(shipped).toEqual(['a.xml', 'a.xml']);
  });
});

describe('housekeeping', () => {
  test('tries what waits again with pauses that grow to a quarter of an hour, and rests when nothing waits', async () => {
    const clock = new Night(Number.POSITIVE_INFINITY);
    const tries: number[] = [];
    let waiting = 1;
    const spool = (created: number): void => {
      database.run(
        `INSERT INTO spool (sink, seq, run, outbox, partition, events, created, stored, checksum, frame) VALUES (1, ?, 1, 0, '', 1, ?, 1, 1, x'00')`,
        created,
        created,
      );
    };
    const housekeeping = new Housekeeping({
      sinks: [],
      database,
      maxAges: new Map(),
      clock,
      deliverWaiting: async () => {
        tries.push((clock.time - START) / MINUTE);
        return report([], {}, { waiting });
      },
    });
    const pass = async (minutes: number): Promise<void> => {
      for (let i = 0; i < minutes * 6; i++) {
        await housekeeping.look();
        clock.pass(10_000);
      }
    };
    await pass(10);
    expect(tries).toEqual([]);
    spool(1);
    await pass(60);
    expect(tries).toEqual([10, 12, 16, 24, 39, 54, 69]);
    waiting = 0;
    await pass(30);
    expect(tries).toHaveLength(8);
    // What is left is for a sink that this configuration does not name; what comes later may not be.
    spool(2);
    await pass(5);
    expect(tries).toHaveLength(9);
  });

  test('lets a sink renew its alerts when due, however long another one is down', async () => {
    const clock = new Night(Number.POSITIVE_INFINITY);
    const tries: number[] = [];
    database.run("INSERT INTO sink (id, type, target, scope) VALUES (1, 'alertmanager', 'http://a', ''), (2, 'alertmanager', 'http://b', '')");
    const memory = new StoredMemory(database, 1);
    // Of one that this configuration does not name.
    new StoredMemory(database, 2).wakeAt(START);
    const housekeeping = new Housekeeping({
      sinks: ['alertmanager http://a '],
      database,
      maxAges: new Map(),
      clock,
      deliverWaiting: async () => {
        tries.push((clock.time - START) / MINUTE);
        memory.wakeAt(clock.time + 2 * MINUTE);
        return report([], {}, { waiting: 1 });
      },
    });
    const pass = async (minutes: number): Promise<void> => {
      for (let i = 0; i < minutes * 6; i++) {
        await housekeeping.look();
        clock.pass(10_000);
      }
    };
    await pass(5);
    expect(tries).toEqual([]);
    memory.wakeAt(clock.time);
    await pass(9);
    expect(tries).toEqual([5, 7, 9, 11, 13]);
    memory.wakeAt(undefined);
    await pass(5);
    expect(tries).toHaveLength(5);
  });

  test('reports a site without a recent scan', async () => {
    const clock = new Night(Number.POSITIVE_INFINITY);
    let tries = 0;
    const housekeeping = new Housekeeping({
      database,
      sinks: [],
      maxAges: new Map([['lab', HOUR]]),
      clock,
      deliverWaiting: async () => (tries++, report([])),
    });
    await housekeeping.look();
    clock.pass(HOUR);
    await housekeeping.look();
    expect(tries).toBe(0);
    clock.pass(MINUTE);
    await housekeeping.look();
    expect(tries).toBe(1);
  });
});

describe('looking', () => {
  test('goes on after the state could not be used, and rests longer when it takes long', async () => {
    const clock = new Night(START + HOUR);
    const problems: string[] = [];
    const looks: number[] = [];
    const watcher = {
      look: async () => {
        looks.push((clock.time - START) / 1000);
        if (looks.length === 1) throw new PortlogError('state-unusable', 'the disk is full');
        if (looks.length >= 3 && looks.length <= 5) clock.pass(60_000);
        return looks.length === 2;
      },
    };
    const onProblem = ({ message }: PortlogError): void => void problems.push(message);
    await watchLoop(watcher, undefined, { pollMs: 10_000, clock, stop: clock.stop.signal, onProblem });
    expect(problems).toEqual(['the disk is full']);
    // A minute of looking is followed by nine of rest; but not the first, which may have been a pause of this process.
    expect(looks.slice(0, 6)).toEqual([0, 10, 10, 80, 680, 1280]);
  });
});

test('a problem of every look is reported once, until a look succeeds; and each look is a sign of life', async () => {
  const clock = new Night(START + HOUR);
  const problems: string[] = [];
  let [looks, signs] = [0, 0];
  const watcher = {
    look: async () => {
      looks++;
      if (looks < 100 || (looks > 110 && looks < 200)) throw new PortlogError('state-unusable', 'the disk is full');
      return false;
    },
  };
  const onProblem = ({ message }: PortlogError): void => void problems.push(message);
  await watchLoop(watcher, undefined, { pollMs: 10_000, clock, stop: clock.stop.signal, onProblem, onLook: () => void signs++ });
  expect(looks).toBeGreaterThan(200);
  expect(problems).toEqual(['the disk is full', 'the disk is full']);
  expect(signs).toBe(looks);
});
