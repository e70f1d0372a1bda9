import { appendFileSync, chmodSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../src/core/clock.ts';
import { StoredMemory } from '../../src/state/sink-memory.ts';
import { stateFile } from '../../src/state/store.ts';
import { newTally } from '../../src/state/tally.ts';
import { PortlogError } from '../../src/core/errors.ts';
import { DEFAULT_OPTIONS } from '../../src/event/context.ts';
import { scheduledScanFailedEvent } from '../../src/event/health.ts';
import { newInputReport } from '../../src/pipeline/input-report.ts';
import { exitCode } from '../../src/cli/session/report/summary.ts';
import type { SinkReport } from '../../src/delivery/report.ts';
import { ship, type ShipReport } from '../../src/pipeline/ship.ts';
import { Directory, type Look, OwnSightings } from '../../src/source/directory.ts';
import { Database } from '../../src/state/database.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { Housekeeping } from '../../src/unattended/housekeeping.ts';
import { keepLooking } from '../../src/unattended/keep-looking.ts';
import { keepSchedule, type ScheduleOptions } from '../../src/unattended/keep-schedule.ts';
import { Postponed } from '../../src/unattended/postponed.ts';
import { type Schedule, schedulesOf } from '../../src/unattended/schedule.ts';
import { ScheduledScans } from '../../src/state/scheduled-scans.ts';
import { FileAttempts } from '../../src/state/file-attempts.ts';
import { SeenFiles } from '../../src/state/seen-files.ts';
import { timetable } from '../../src/unattended/timetable.ts';
import { Watcher } from '../../src/unattended/watcher.ts';
import { openStore, storingSink } from '../support/delivery.ts';
import { freshDir } from '../support/run-portlog.ts';
import { ecs, host, port, scan } from '../support/scans.ts';
import { expectValidEvent } from '../support/validate.ts';
import { World } from '../support/world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAYS = 24 * HOUR;
const START = Date.parse('2026-01-31T01:30:00Z');
const iso = (time: number): string => new Date(time).toISOString();

let database: Database;
beforeEach(() => {
  database = Database.open(stateFile(freshDir()), SCHEMA_VERSIONS);
});
afterEach(() => database.close());

/** A clock that only goes when somebody sleeps, and that ends everything at a time. */
class Night implements Clock {
  time = START;
  readonly stop = new AbortController();
  private readonly until: number;

  constructor(until: number) {
    this.until = until;
  }

  readonly now = (): number => this.time;
  readonly elapsed = (): number => this.time;
  readonly random = (): number => 0.5;
  readonly sleep = async (milliseconds: number): Promise<void> => {
    this.pass(milliseconds);
  };

  pass(milliseconds: number): void {
    this.time += milliseconds;
    if (this.time >= this.until) this.stop.abort();
  }
}

function directoryAt(path: string, isOurClock = true): Directory {
  return new Directory(path, { cutAfterMs: HOUR, isOurClock: () => isOurClock, sightings: new OwnSightings() });
}

/** Of one directory, by a process that lives as long as nobody says otherwise. */
function attemptsIn(path: string, pid = 1, isAlive: (pid: number) => boolean = () => true): FileAttempts {
  return new FileAttempts(database, path, { pid, isAlive });
}

const NIGHTLY: Schedule = {
  name: 'nightly',
  timetable: timetable('0 2 * * *', 'UTC', 'cron'),
  nmapArgs: ['192.0.2.1'],
  site: undefined,
  limitMs: undefined,
  catchUp: false,
};

interface Log {
  readonly scanned: string[];
  readonly missed: string[];
}

async function night(schedule: Schedule, clock: Night, scan: (at: number) => string | undefined, more: Partial<ScheduleOptions> = {}): Promise<Log> {
  const log: Log = { scanned: [], missed: [] };
  await keepSchedule(schedule, {
    scans: new ScheduledScans(database),
    site: 'lab',
    pid: 1,
    scan: async () => {
      log.scanned.push(iso(clock.time));
      return scan(clock.time);
    },
    clock,
    stop: clock.stop.signal,
    onMissed: (_, due, reason) => log.missed.push(`${iso(due)} ${reason}`),
    onProblem: (error) => {
      throw error;
    },
    ...more,
  });
  return log;
}

describe('a timetable', () => {
  test('is cron in a time zone, over the change of summer time', () => {
    const times = timetable('30 2 * * *', 'Europe/Berlin', 'cron');
    const next = (time: number): number => times.next(time);
    expect(times.text).toBe('30 2 * * * Europe/Berlin');
    expect(iso(next(Date.parse('2026-07-01T12:00:00Z')))).toBe('2026-07-02T00:30:00.000Z');
    expect(iso(next(Date.parse('2026-12-01T12:00:00Z')))).toBe('2026-12-02T01:30:00.000Z');
    // Half past two does not exist that night.
    expect(iso(next(Date.parse('2026-03-28T12:00:00Z')))).toMatch(/^2026-03-29T01:/);
  });

  test.each([
    ['hello', undefined, /^cron: "hello" is no timetable: it has 1 field, and five are needed/],
    ['0 25 * * *', undefined, /^cron: "0 25 \* \* \*" is no timetable: "25" is no hour/],
    ['0 0 31 2 *', undefined, /^cron: "0 0 31 2 \*" is no timetable: there is no such day/],
    ['*/5 * * * * *', undefined, /is no timetable/],
    ['0 2 * * *', 'Mars/Olympus', /^cron: there is no time zone "Mars\/Olympus"/],
  ])('%s in %s is refused in a sentence', (cron, zone, sentence) => {
    expect(() => timetable(cron, zone, 'cron')).toThrow(sentence);
  });

  test('the schedules of a configuration are checked before anything runs', () => {
    const one = { name: 'a', cron: '@daily', nmap: ['-p', 80, '192.0.2.1'] };
    expect(schedulesOf({ schedules: [one] })[0]?.nmapArgs).toEqual(['-p', '80', '192.0.2.1']);
    expect(() => schedulesOf({ schedules: [one, one] })).toThrow('schedules.1.name: there are two schedules "a"');
    expect(() => schedulesOf({ schedules: [{ ...one, nmap: ['-oA', 'x'] }] })).toThrow('-oA does not go together with portlog');
  });
});

describe('a schedule', () => {
  test('scans when it is due, and not before', async () => {
    const log = await night(NIGHTLY, new Night(START + 50 * HOUR), () => undefined);
    expect(log).toEqual({ scanned: ['2026-01-31T02:00:00.000Z', '2026-02-01T02:00:00.000Z', '2026-02-02T02:00:00.000Z'], missed: [] });
    expect(new ScheduledScans(database).failed(() => true, 0)).toEqual([]);
  });

  test('a scan without a finished run is told once, with its reason', async () => {
    const clock = new Night(START + HOUR);
    await night(NIGHTLY, clock, () => 'nmap ended with exit code 1');
    const scans = new ScheduledScans(database);
    const [failed, ...others] = scans.failed(() => true, clock.time);
    expect(others).toEqual([]);
    if (failed === undefined) throw new Error('nothing failed');
    const event = scheduledScanFailedEvent({ ...DEFAULT_OPTIONS, now: () => clock.time }, 'run', failed, undefined);
    expectValidEvent(event);
    expect(ecs(event)).toMatchObject({
      event: { action: 'scan-overdue', outcome: 'failure', reason: 'nmap ended with exit code 1' },
      nmap: { site: 'lab', overdue: { schedule: 'nightly', due: '2026-01-31T02:00:00.000Z' } },
      message: 'site lab: the scan of schedule nightly that was due 2026-01-31T02:00:00.000Z did not come: nmap ended with exit code 1',
    });
    scans.told(failed);
    expect(scans.failed(() => true, clock.time)).toEqual([]);
  });

  test('what was due while portlog was not running is missed, once, however often it was', async () => {
    await night(NIGHTLY, new Night(START + HOUR), () => undefined);
    const later = new Night(START + 120 * HOUR);
    later.time = START + 80 * HOUR;
    const log = await night(NIGHTLY, later, () => undefined);
    expect(log.missed).toEqual(['2026-02-01T02:00:00.000Z portlog run was not running']);
    expect(log.scanned).toEqual(['2026-02-04T02:00:00.000Z']);
    expect(new ScheduledScans(database).failed(() => true, later.time)).toMatchObject([{ name: 'nightly', problem: 'portlog run was not running' }]);
  });

  test('or made up for at once, if that is wanted', async () => {
    const schedule = { ...NIGHTLY, catchUp: true };
    await night(schedule, new Night(START + HOUR), () => undefined);
    const later = new Night(START + 81 * HOUR);
    later.time = START + 80 * HOUR;
    expect(await night(schedule, later, () => undefined)).toEqual({ scanned: [iso(START + 80 * HOUR)], missed: [] });
  });

  test('a first start, or another timetable, has missed nothing', async () => {
    const clock = new Night(START + 26 * HOUR);
    clock.time = START + 20 * HOUR;
    expect((await night(NIGHTLY, clock, () => undefined)).missed).toEqual([]);
    const later = new Night(START + 60 * HOUR);
    later.time = START + 50 * HOUR;
    const hourly = { ...NIGHTLY, timetable: timetable('@hourly', 'UTC', 'cron') };
    expect((await night(hourly, later, () => undefined)).missed).toEqual([]);
  });

  test('what is due while the scan before it goes on is missed, and says so', async () => {
    const clock = new Night(START + 5 * HOUR);
    const hourly = { ...NIGHTLY, timetable: timetable('@hourly', 'UTC', 'cron') };
    const log = await night(hourly, clock, () => {
      clock.pass(90 * MINUTE);
      return undefined;
    });
    expect(log.scanned).toEqual(['2026-01-31T02:00:00.000Z', '2026-01-31T04:00:00.000Z', '2026-01-31T06:00:00.000Z']);
    expect(log.missed).toEqual([
      '2026-01-31T03:00:00.000Z the scan before it was still going on',
      '2026-01-31T05:00:00.000Z the scan before it was still going on',
    ]);
  });

  test('a machine that slept past the time does not scan in the middle of the day', async () => {
    const clock = new Night(START + 9 * HOUR);
    const log = await night(NIGHTLY, clock, () => undefined, {
      clock: {
        ...clock,
        now: clock.now,
        elapsed: clock.elapsed,
        random: clock.random,
        sleep: async (ms) => clock.pass(clock.time === START ? 8 * HOUR : ms),
      },
    });
    expect(log).toEqual({ scanned: [], missed: ['2026-01-31T02:00:00.000Z this machine was asleep, or its clock was set'] });
  });

  test('two processes scan once', async () => {
    const scans = new ScheduledScans(database);
    scans.settledUntil('nightly', '0 2 * * *', START);
    expect(scans.begin('nightly', 'lab', START + HOUR, 1, START + HOUR)).toBe(true);
    expect(scans.begin('nightly', 'lab', START + HOUR, 2, START + HOUR)).toBe(false);
  });

  test('a scan whose portlog was killed is told by the next', () => {
    const scans = new ScheduledScans(database);
    scans.begin('nightly', 'lab', START, 4711, START);
    expect(scans.failed(() => true, START)).toEqual([]);
    expect(scans.failed((pid) => pid !== 4711, START + HOUR)).toMatchObject([{ due: START, problem: 'portlog ended without a word' }]);
    expect(scans.last('nightly', () => true)?.ended).toBe(START + HOUR);
  });
});

describe('a watched directory', () => {
  const WHOLE = scan(host('192.0.2.1', port(80)));
  const HALF = WHOLE.slice(0, WHOLE.length / 2);
  let path: string;
  let directory: Directory;
  beforeEach(() => {
    path = freshDir();
    directory = directoryAt(path);
  });

  const put = (name: string, content: string | Uint8Array, time = Date.now()): void => {
    writeFileSync(join(path, name), content);
    utimesSync(join(path, name), time / 1000, time / 1000);
  };
  const look = async (at = Date.now()): Promise<Look> => directory.look(at, () => true);
  const names = (files: Look['ready']): readonly string[] => files.map(({ name }) => name);

  test('finished scans are ready, the oldest first; others are not scans', async () => {
    put('b.xml', WHOLE, Date.now() - 5000);
    put('a.xml', WHOLE, Date.now() - 1000);
    put('a.nmap', 'Nmap scan report');
    put('.hidden.xml', WHOLE);
    mkdirSync(join(path, 'dir.xml'));
    expect(names((await look()).ready)).toEqual(['b.xml', 'a.xml']);
  });

  test('to what somebody still writes is waited for, until it has its end', async () => {
    put('a.xml', HALF);
    put('empty.xml', '');
    const first = await look();
    expect([names(first.ready), names(first.unfinished)]).toEqual([[], ['a.xml', 'empty.xml']]);
    appendFileSync(join(path, 'a.xml'), WHOLE.slice(HALF.length));
    expect(names((await look()).ready)).toEqual(['a.xml']);
    appendFileSync(join(path, 'a.xml'), HALF);
    expect(names((await look()).ready)).toEqual([]);
  });

  test('or until nobody has written to it for an hour, by its time or by ours', async () => {
    put('old.xml', HALF);
    // A file server whose clock is ahead.
    put('future.xml', HALF, Date.now() + 24 * HOUR);
    expect(names((await look(Date.now() + HOUR - 1000)).ready)).toEqual([]);
    expect(names((await look(Date.now() + HOUR)).ready).toSorted()).toEqual(['future.xml', 'old.xml']);
  });

  test('UTF-16 has an end, too; gzip is finished when it was quiet for a while', async () => {
    put('wide.xml', Buffer.from(WHOLE, 'utf16le'));
    put('a.xml.gz', gzipSync(WHOLE));
    expect(names((await look()).ready)).toEqual(['wide.xml']);
    expect(names((await look(Date.now() + MINUTE)).ready)).toContain('a.xml.gz');
  });

  test('what changes is another version: by being written to, replaced, or made readable', async () => {
    put('a.xml', WHOLE);
    const version = async (): Promise<string | undefined> => (await look()).ready[0]?.version;
    const versions = [await version()];
    const change = async (how: () => void): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      how();
      versions.push(await version());
    };
    await change(() => appendFileSync(join(path, 'a.xml'), '\n'));
    await change(() => {
      writeFileSync(join(path, 'new'), WHOLE);
      renameSync(join(path, 'new'), join(path, 'a.xml'));
    });
    await change(() => chmodSync(join(path, 'a.xml'), 0o640));
    expect(new Set(versions).size).toBe(4);
    expect(await version()).toBe(versions[3]);
  });

  test('one that is not there says so', async () => {
    rmSync(path, { recursive: true });
    await expect(look()).rejects.toThrow(`the directory ${path} cannot be watched: there is no such directory`);
  });

  test('what was shipped is remembered as long as it is there, and for a month', () => {
    const seen = new SeenFiles(database, '/scans');
    const has = (name: string, version: string): boolean => seen.missing(name, version, ['file a']).length === 0;
    seen.add([{ name: 'a.xml', version: '1' }], ['file a'], START);
    seen.add([{ name: 'b.xml', version: '1' }], ['file a', 'loki'], START + 1);
    expect([has('a.xml', '1'), has('a.xml', '2')]).toEqual([true, false]);
    expect(new SeenFiles(database, '/other').missing('a.xml', '1', ['file a'])).toEqual(['file a']);
    expect(seen.missing('a.xml', '1', ['loki', 'file a', 'stdout'])).toEqual(['loki', 'stdout']);
    seen.keepOnly(new Set(), START + 29 * 24 * HOUR);
    expect(has('a.xml', '1')).toBe(true);
    seen.keepOnly(new Set(['b.xml']), START + 31 * 24 * HOUR);
    expect(has('a.xml', '1')).toBe(false);
    expect(seen.summary()).toEqual({ files: 1, last: START + 1 });
  });

  test('what did not go well is tried again after pauses that grow, and at once when it has changed', () => {
    const postponed = new Postponed();
    const pauses: number[] = [];
    for (let now = START, i = 0; i < 8; i++) {
      postponed.add('a', '1', now);
      let pause = 0;
      while (postponed.has('a', '1', now + pause)) pause += MINUTE;
      pauses.push(pause / MINUTE);
      now += pause;
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    expect(postponed.has('a', '2', START)).toBe(false);
  });
});

/** How a run went in which everything was delivered, but for what is said. */
function report(inputs: readonly string[], more: Partial<ShipReport> = {}, sink: Partial<SinkReport> = {}): ShipReport {
  const none = newTally();
  const sinks: readonly SinkReport[] = [
    {
      sink: 'file out',
      tally: none,
      own: none,
      replayed: none,
      waiting: 0,
      damaged: 0,
      failure: undefined,
      firstRejection: undefined,
      spoolFull: false,
      unaccountable: undefined,
      bookkeeping: undefined,
      ...sink,
    },
  ];
  return { inputs: inputs.map(newInputReport), sinks, interrupted: false, lostRuns: [], untracked: undefined, ...more };
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
      onTrouble: (error) => {
        throw error;
      },
      onRecovery: () => undefined,
      onUnfinished: () => undefined,
      onLeftAlone: () => undefined,
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

describe('the caretaker', () => {
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

  test('has a sink tell again what stands when it says so, however long another one is down', async () => {
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

  test('tells of a site whose scan did not come', async () => {
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
    await keepLooking(watcher, undefined, { pollMs: 10_000, clock, stop: clock.stop.signal, onProblem });
    expect(problems).toEqual(['the disk is full']);
    // A minute of looking is followed by nine of rest; but not the first, which may have been a pause of this process.
    expect(looks.slice(0, 6)).toEqual([0, 10, 10, 80, 680, 1280]);
  });
});

test('what is wrong at each look is said once, until a look goes well; and each is a sign of life', async () => {
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
  await keepLooking(watcher, undefined, { pollMs: 10_000, clock, stop: clock.stop.signal, onProblem, onLook: () => void signs++ });
  expect(looks).toBeGreaterThan(200);
  expect(problems).toEqual(['the disk is full', 'the disk is full']);
  expect(signs).toBe(looks);
});

describe('a file that a mistake of ours ends', () => {
  const BAD = '192.0.2.66';
  /** A part that the configuration brings along, and that has a mistake in it. */
  const networkOf = (ips: readonly string[]): undefined => {
    if (ips.includes(BAD)) throw new TypeError('cannot read 66');
    return undefined;
  };
  const scanOf = (address: string): string => scan(host(address, port(80)));

  test('is set aside by its name until the next version; the rest of the directory is shipped', async () => {
    const world = new World({ event: { networkOf } });
    const path = freshDir();
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, '1-bad.xml'), scanOf(BAD));
    writeFileSync(join(path, '2-good.xml'), scanOf('192.0.2.2'));
    writeFileSync(join(path, '3-good.xml'), scanOf('192.0.2.3'));
    const clock = new Night(START + DAYS * 40);
    clock.time = Date.now() + DAYS;
    const problems: string[] = [];
    const shipped: string[] = [];
    const seen = new SeenFiles(database, path);
    const watcher = new Watcher([{ directory: directoryAt(path), seen, attempts: attemptsIn(path), site: undefined }], {
      sinks: ['file a'],
      again: false,
      ship: async (sources) => {
        shipped.push(...sources.map(({ name }) => basename(name)));
        const report = await world.run([], { sources });
        problems.push(...report.inputs.flatMap(({ problem }) => problem?.message ?? []));
        return report;
      },
      clock,
      stop: clock.stop.signal,
      onTrouble: (error) => problems.push(error.message),
      onRecovery: () => undefined,
      onUnfinished: () => undefined,
      onLeftAlone: () => undefined,
    });
    for (let i = 0; i < 5; i++, clock.time += 2 * HOUR) await watcher.look();
    expect(shipped).toEqual(['1-bad.xml', '2-good.xml', '3-good.xml']);
    expect(problems).toEqual([`reading ${join(path, '1-bad.xml')} at byte ${scanOf(BAD).length} failed by a mistake in portlog: cannot read 66`]);
    const ips = [...world.stored.values()].flatMap((event) => (event.dataset === 'nmap.host' ? (ecs(event).host.ip as string[]) : []));
    expect(ips).toEqual(['192.0.2.2', '192.0.2.3']);
    // Another portlog, another try.
    database.run("UPDATE file_attempt SET aside = '0.0.1'");
    await watcher.look();
    expect(shipped.slice(3)).toEqual(['1-bad.xml']);
  });

  test('leaves what is known as it was before the batch of hosts, and says so in the exit code', async () => {
    const hostsOf = (more: string): string => scan(`${host('192.0.2.7', port(80))}${more}`);
    const expects = (ips: readonly string[]): undefined => {
      if (ips.includes(BAD)) throw new TypeError('inside of the transaction');
      return undefined;
    };
    const world = new World();
    await world.ship(scan(`${host('192.0.2.7', port(80))}${host(BAD, port(80))}`));
    const before = world.known();
    const closed = port(80, 'closed');
    const worse = hostsOf(host(BAD, closed, 'starttime="1760000101" endtime="1760000102"')).replaceAll('17600000', '17600001');
    const report = await world.run([worse, scanOf('192.0.2.3')], { event: { expects } });
    expect(report.inputs.map(({ problem }) => problem?.code)).toEqual(['mistake', undefined]);
    expect(exitCode(report)).toBe(1);
    expect(exitCode({ ...report, inputs: report.inputs.slice(0, 1) })).toBe(3);
    const after = world.known() as Record<string, unknown>;
    expect(JSON.stringify(after)).toContain('192.0.2.3');
    expect(JSON.stringify(after)).toContain(JSON.stringify(before).slice(1, 200));
    // By a portlog without the mistake it is shipped whole.
    expect(await world.ship(worse)).toEqual(['192.0.2.66 80/tcp closed (was http, open for 1 minute)']);
  });

  test('that one sink makes of an event takes it from that sink alone', async () => {
    const stored: string[] = [];
    const good = storingSink(stored, { encode: ({ id }) => ({ parts: [id], bytes: id.length, partition: '' }) });
    const bad = storingSink([], {
      name: 'bad',
      identity: { type: 'scripted', target: 'elsewhere', scope: '' },
      encode: () => {
        throw new TypeError('no word for it');
      },
    });
    const store = openStore(freshDir());
    const source = {
      name: 'scan',
      live: false,
      bytes: async function* () {
        yield Buffer.from(scanOf('192.0.2.7'));
      },
    };
    const report = await ship({ sources: [source], sinks: [bad, good], store, retryForMs: 0 });
    store.close();
    expect(report.inputs[0]?.problem).toBeUndefined();
    expect(report.sinks.map(({ tally: { read, delivered, dead } }) => ({ read, delivered, dead }))).toEqual([
      { read: 3, delivered: 0, dead: 3 },
      { read: 3, delivered: 3, dead: 0 },
    ]);
    expect(report.sinks[0]?.firstRejection).toBe('rendering it for bad failed by a mistake in portlog: no word for it');
  });
});
