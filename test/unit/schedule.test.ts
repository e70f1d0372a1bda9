import { describe, expect, test } from 'vitest';
import { DEFAULT_OPTIONS } from '../../src/event/context.ts';
import { scheduledScanFailedEvent } from '../../src/event/health.ts';
import { lateScan, scheduleLoop, type ScheduleOptions, unattendedSince } from '../../src/unattended/schedule-loop.ts';
import { type Schedule, schedulesOf } from '../../src/unattended/schedule.ts';
import { ScheduledScans } from '../../src/state/scheduled-scans.ts';
import { timetable } from '../../src/unattended/timetable.ts';
import { ecs } from '../support/scans.ts';
import { expectValidEvent } from '../support/validate.ts';
import { Night, START, HOUR, MINUTE } from '../support/night.ts';
import { database, ownDatabase } from '../support/own-database.ts';

const iso = (time: number): string => new Date(time).toISOString();

ownDatabase();

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
  await scheduleLoop(schedule, {
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
    ['hello', undefined, /^cron: "hello" is not a cron expression: it has 1 field, and five are needed/],
    ['0 25 * * *', undefined, /^cron: "0 25 \* \* \*" is not a cron expression: "25" is no hour/],
    ['0 0 31 2 *', undefined, /^cron: "0 0 31 2 \*" is not a cron expression: there is no such day/],
    ['*/5 * * * * *', undefined, /is not a cron expression/],
    ['0 2 * * *', 'Mars/Olympus', /^cron: there is no time zone "Mars\/Olympus"/],
  ])('%s in %s is refused in a sentence', (cron, zone, sentence) => {
    expect(() => timetable(cron, zone, 'cron')).toThrow(sentence);
  });

  test('the schedules of a configuration are checked before anything runs', () => {
    const one = { name: 'a', cron: '@daily', nmap: ['-p', 80, '192.0.2.1'] };
    expect(schedulesOf({ schedules: [one] })[0]?.nmapArgs).toEqual(['-p', '80', '192.0.2.1']);
    expect(() => schedulesOf({ schedules: [one, one] })).toThrow('schedules.1.name: there are two schedules "a"');
    expect(() => schedulesOf({ schedules: [{ ...one, nmap: ['-oA', 'x'] }] })).toThrow('-oA cannot be used with portlog');
  });
});

describe('a schedule', () => {
  test('scans when it is due, and not before', async () => {
    const log = await night(NIGHTLY, new Night(START + 50 * HOUR), () => undefined);
    expect(log).toEqual({ scanned: ['2026-01-31T02:00:00.000Z', '2026-02-01T02:00:00.000Z', '2026-02-02T02:00:00.000Z'], missed: [] });
    expect(new ScheduledScans(database).failed(() => true, 0)).toEqual([]);
  });

  test('a scan without a finished run is reported once, with its reason', async () => {
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
    scans.markAnnounced(failed);
    expect(scans.failed(() => true, clock.time)).toEqual([]);
  });

  test('what was due while portlog was not running is missed, once, however often it was', async () => {
    await night(NIGHTLY, new Night(START + HOUR), () => undefined);
    const later = new Night(START + 120 * HOUR);
    later.time = START + 80 * HOUR;
    const log = await night(NIGHTLY, later, () => undefined);
    const reason = 'portlog run was not running (nor did 2 more, until that of 2026-02-03T02:00:00.000Z)';
    expect(log.missed).toEqual([`2026-02-01T02:00:00.000Z ${reason}`]);
    expect(log.scanned).toEqual(['2026-02-04T02:00:00.000Z']);
    expect(new ScheduledScans(database).failed(() => true, later.time)).toMatchObject([{ name: 'nightly', problem: reason }]);
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

  test('every minute, and late by more than one: the last one runs, and those between are reported', async () => {
    const minutely = { ...NIGHTLY, timetable: timetable('* * * * *', 'UTC', 'cron') };
    const clock = new Night(START + 5 * MINUTE);
    const log = await night(minutely, clock, () => {
      clock.pass(73_000 + (clock.time === START + MINUTE ? 60_000 : 0));
      return undefined;
    });
    // Begun at 01:31, over at 01:33:13: that of 01:33 runs, and that of 01:32 is missed.
    expect(log.scanned.slice(0, 2)).toEqual(['2026-01-31T01:31:00.000Z', '2026-01-31T01:33:13.000Z']);
    expect(log.missed[0]).toBe('2026-01-31T01:32:00.000Z the scan before it was still going on');
    const scans = new ScheduledScans(database);
    expect(scans.failed(() => true, clock.time)[0]).toMatchObject({ due: START + 2 * MINUTE, problem: 'the scan before it was still going on' });
    expect(scans.last('nightly', () => true)?.problem).toBeUndefined();
  });

  test('of very many that were missed not all are counted', async () => {
    const minutely = { ...NIGHTLY, timetable: timetable('* * * * *', 'UTC', 'cron') };
    await night(minutely, new Night(START + MINUTE), () => undefined);
    const later = new Night(START + 90 * 24 * HOUR + MINUTE);
    later.time = START + 90 * 24 * HOUR;
    const log = await night(minutely, later, () => undefined);
    expect(log.missed).toEqual(['2026-01-31T01:31:00.000Z portlog run was not running (nor did 999 or more after it)']);
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
    scans.handledUntil('nightly', '0 2 * * *', START);
    expect(scans.begin('nightly', 'lab', START + HOUR, 1, START + HOUR)).toBe(true);
    expect(scans.begin('nightly', 'lab', START + HOUR, 2, START + HOUR)).toBe(false);
  });

  test('a scan whose portlog was killed is reported by the next run', () => {
    const scans = new ScheduledScans(database);
    scans.begin('nightly', 'lab', START, 4711, START);
    expect(scans.failed(() => true, START)).toEqual([]);
    expect(scans.failed((pid) => pid !== 4711, START + HOUR)).toMatchObject([{ due: START, problem: 'portlog ended unexpectedly' }]);
    expect(scans.last('nightly', () => true)?.ended).toBe(START + HOUR);
  });
});

describe('a late start', () => {
  const due = Date.parse('2026-03-01T02:00:00Z');
  const [before, slightly, much] = [due - HOUR, due + MINUTE, due + HOUR];

  test('begins a scan that is a few minutes late, any other only with catchUp', () => {
    expect(lateScan(NIGHTLY, before, due - 1)).toBeUndefined();
    expect(lateScan(NIGHTLY, before, slightly)).toBe(due);
    expect(lateScan(NIGHTLY, before, much)).toBeUndefined();
    expect(lateScan({ ...NIGHTLY, catchUp: true }, before, much)).toBe(due);
    expect(lateScan(NIGHTLY, slightly, much)).toBeUndefined();
  });

  test('a scan is missing when portlog would have begun it by now', () => {
    expect(unattendedSince(NIGHTLY, before, due + 30_000)).toBeUndefined();
    expect(unattendedSince(NIGHTLY, before, due + 2 * MINUTE)).toBe(due);
    expect(unattendedSince(NIGHTLY, due + 1, due + 2 * MINUTE)).toBeUndefined();
  });
});
