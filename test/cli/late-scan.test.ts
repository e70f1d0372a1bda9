import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ScheduledScans } from '../../src/state/scheduled-scans.ts';
import { openDatabase } from '../../src/state/store.ts';
import { portlog } from '../support/run-in-process.ts';
import { finished } from '../support/run-portlog.ts';
import { configured, home, ownFolder, start, WHOLE } from '../support/unattended.ts';

/* Scans of a schedule that were due while portlog did not run. */

ownFolder();

const HOUR = 3_600_000;
const HOURLY = '0 * * * *';
/** No process has this number: Linux gives none above 4,194,304. */
const NOBODY = 2_000_000_000;

function withSchedule(cron: string): string {
  return configured(`schedules: [{ name: often, cron: "${cron}", nmap: [192.0.2.1] }]`);
}

/** Writes into the state what an earlier `portlog run` left there. */
function earlier(work: (scans: ScheduledScans) => void): void {
  const database = openDatabase(join(home, 'state'));
  work(new ScheduledScans(database));
  database.close();
}

const hourBegun = (): number => Math.floor(Date.now() / HOUR) * HOUR;

describe('portlog status', () => {
  const status = async (config: string): Promise<{ code: number | null; line: string; missing: unknown }> => {
    const { code, stdout } = await portlog(['status', '--config', config]);
    const { schedules } = JSON.parse((await portlog(['status', '--json', '--config', config])).stdout);
    return { code, line: stdout.split('\n').find((text) => text.startsWith('schedule')) ?? '', missing: schedules[0].missing };
  };

  test('says that a scan is due and nothing has begun it, exit 1', async () => {
    const config = withSchedule(HOURLY);
    const first = hourBegun() - HOUR;
    earlier((scans) => scans.handledUntil('often', HOURLY, first - 1000));
    const { code, line, missing } = await status(config);
    expect(line).toContain(`the scan of ${new Date(first).toISOString()} (`);
    expect(line).toContain('has not begun: portlog run is not running, or without this schedule; next ');
    expect([code, missing]).toEqual([1, new Date(first).toISOString()]);
  });

  test.for<readonly [what: string, left: (scans: ScheduledScans) => void]>([
    ['nothing was due yet', (scans) => scans.handledUntil('often', HOURLY, Date.now())],
    ['another timetable', (scans) => scans.handledUntil('often', '5 5 5 5 *', 1000)],
    [
      'portlog run --once, which keeps to no timetable',
      (scans) => {
        scans.handledUntil('often', HOURLY, hourBegun() - 3 * HOUR);
        scans.begin('often', 'lab', hourBegun() - 3 * HOUR + 1, NOBODY, hourBegun() - 3 * HOUR + 1);
        scans.end('often', hourBegun() - 3 * HOUR + 1, undefined, hourBegun() - 3 * HOUR + 2);
      },
    ],
  ])('%s is no scan that is missing', async ([, left]) => {
    const config = withSchedule(HOURLY);
    earlier(left);
    expect(await status(config)).toMatchObject({ code: 0, missing: undefined });
  });
});

describe('portlog run', () => {
  const MINUTELY = '* * * * *';

  async function untilStopped(config: string, text: string): Promise<string> {
    const nmap = join(home, 'nmap');
    writeFileSync(join(home, 'whole.xml'), WHOLE);
    writeFileSync(nmap, `#!/bin/sh\ncat "${home}/whole.xml"\n`);
    chmodSync(nmap, 0o755);
    const child = start('run', '--config', config, '--nmap', nmap);
    const whole = finished(child);
    await new Promise<void>((resolve) => {
      let said = '';
      child.stderr?.on('data', (chunk: Buffer | string) => {
        said += String(chunk);
        if (said.includes(text)) resolve();
      });
      child.once('close', () => resolve());
    });
    child.kill('SIGTERM');
    return (await whole).stderr;
  }

  test('after a late start it says which scan begins at once, and which is next', async () => {
    const config = withSchedule(MINUTELY);
    earlier((scans) => scans.handledUntil('often', MINUTELY, Date.now() - 61_000));
    const said = await untilStopped(config, 'scanning');
    expect(said).toMatch(
      /schedule often: the scan of \S+:00\.000Z is late, and begins now; next \S+:00\.000Z\n(?:.*\n)*?.*schedule often: scanning\n/,
    );
  });

  test('names a scan that was killed with portlog', async () => {
    const config = withSchedule(HOURLY);
    const due = hourBegun();
    earlier((scans) => {
      scans.handledUntil('often', HOURLY, due - 1000);
      scans.begin('often', 'lab', due, NOBODY, Date.now());
    });
    const said = await untilStopped(config, 'schedule often: next');
    expect(said).toContain(`schedule often: the scan of ${new Date(due).toISOString()} has not come: portlog ended unexpectedly\n`);
    expect(said.match(/has not come/g)).toHaveLength(1);
  });
});
