import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { StoredMemory } from '../../src/state/sink-memory.ts';
import { PortlogError } from '../../src/core/errors.ts';
import { newInputReport } from '../../src/pipeline/input-report.ts';
import type { SinkReport } from '../../src/delivery/report.ts';
import { type ShipReport } from '../../src/pipeline/ship.ts';
import { Housekeeping, type HousekeepingOptions } from '../../src/unattended/housekeeping.ts';
import { watchLoop } from '../../src/unattended/watch-loop.ts';
import { sinkReportOf } from '../support/sink-report.ts';
import { Night, MINUTE, HOUR, START } from '../support/night.ts';
import { database } from '../support/own-database.ts';
import { ownDirectory, path, watcherOf, WHOLE } from '../support/watched.ts';

ownDirectory();

/** How a run went in which everything was delivered, but for what is said. */
function report(inputs: readonly string[], more: Partial<ShipReport> = {}, sink: Partial<SinkReport> = {}): ShipReport {
  const sinks = [sinkReportOf(sink)];
  const rest = { notRead: [], interrupted: false, lostRuns: [], untracked: undefined, hostsLeftOut: undefined };
  return { inputs: inputs.map(newInputReport), sinks, ...rest, ...more };
}

describe('the watcher', () => {
  let clock: Night;
  let shipped: string[];
  beforeEach(() => {
    clock = new Night(Number.POSITIVE_INFINITY);
    clock.time = Date.now();
    shipped = [];
  });

  function watcher(how: (names: readonly string[]) => ShipReport | undefined): { look(): Promise<boolean> } {
    const ship = (names: readonly string[]): ShipReport | undefined => {
      shipped.push(...names);
      return how(names);
    };
    return watcherOf(ship, { clock, stop: clock.stop.signal });
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
  let clock: Night;
  /** When it delivered what waits, in minutes. */
  let tries: number[];
  beforeEach(() => {
    clock = new Night(Number.POSITIVE_INFINITY);
    tries = [];
  });

  function housekeepingWith(deliver: () => ShipReport, more: Partial<HousekeepingOptions> = {}): { pass(minutes: number): Promise<void> } {
    const deliverWaiting = async (): Promise<ShipReport> => {
      tries.push((clock.time - START) / MINUTE);
      return deliver();
    };
    const housekeeping = new Housekeeping({ sinks: [], database, maxAges: new Map(), clock, deliverWaiting, ...more });
    return {
      async pass(minutes) {
        for (let i = 0; i < minutes * 6; i++) {
          await housekeeping.look();
          clock.pass(10_000);
        }
      },
    };
  }

  test('tries what waits again with pauses that grow to a quarter of an hour, and rests when nothing waits', async () => {
    let waiting = 1;
    const spool = (created: number): void => {
      database.run(
        `INSERT INTO spool (sink, seq, run, outbox, partition, events, created, stored, checksum, frame) VALUES (1, ?, 1, 0, '', 1, ?, 1, 1, x'00')`,
        created,
        created,
      );
    };
    const housekeeping = housekeepingWith(() => report([], {}, { waiting }));
    await housekeeping.pass(10);
    expect(tries).toEqual([]);
    spool(1);
    await housekeeping.pass(60);
    expect(tries).toEqual([10, 11, 13, 17, 25, 40, 55]);
    waiting = 0;
    await housekeeping.pass(30);
    expect(tries).toHaveLength(8);
    // What is left is for a sink that this configuration does not name; what comes later may not be.
    spool(2);
    await housekeeping.pass(5);
    expect(tries).toHaveLength(9);
  });

  test('lets a sink renew its alerts when due, however long another one is down', async () => {
    database.run("INSERT INTO sink (id, type, target, scope) VALUES (1, 'alertmanager', 'http://a', ''), (2, 'alertmanager', 'http://b', '')");
    const memory = new StoredMemory(database, 1);
    // Of one that this configuration does not name.
    new StoredMemory(database, 2).wakeAt(START);
    const deliver = (): ShipReport => {
      memory.wakeAt(clock.time + 2 * MINUTE);
      return report([], {}, { waiting: 1 });
    };
    const housekeeping = housekeepingWith(deliver, { sinks: ['alertmanager http://a '] });
    await housekeeping.pass(5);
    expect(tries).toEqual([]);
    memory.wakeAt(clock.time);
    await housekeeping.pass(9);
    expect(tries).toEqual([5, 7, 9, 11, 13]);
    memory.wakeAt(undefined);
    await housekeeping.pass(5);
    expect(tries).toHaveLength(5);
  });

  test('reports a site without a recent scan', async () => {
    const housekeeping = housekeepingWith(() => report([]), { maxAges: new Map([['lab', HOUR]]) });
    await housekeeping.pass(60);
    expect(tries).toEqual([]);
    await housekeeping.pass(2);
    expect(tries).toHaveLength(1);
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
