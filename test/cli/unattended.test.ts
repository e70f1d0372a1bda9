import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { portlog } from '../support/run-in-process.ts';
import { finished, startPortlog, untilPrinted, until } from '../support/run-portlog.ts';
import { configured, scans, EXAMPLE, home, put, written, type Line, start, actions, HALF, WHOLE, ownFolder, running } from '../support/unattended.ts';
import { host, port, scan } from '../support/scans.ts';

ownFolder();

/** A program that stands in for nmap. */
function fakeNmap(script: string): string {
  const path = join(home, 'nmap');
  writeFileSync(join(home, 'whole.xml'), WHOLE);
  writeFileSync(join(home, 'half.xml'), HALF);
  writeFileSync(path, `#!/bin/sh\ncd "${home}"\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('portlog run', () => {
  const NIGHTLY = 'schedules: [{ name: nightly, cron: "0 2 * * *", nmap: [-sV, 192.0.2.0/30] }]';

  test('--once runs each schedule and looks into each directory', async () => {
    const config = configured(NIGHTLY, `directories: [{ path: ${scans}, site: berlin }]`);
    copyFileSync(EXAMPLE, join(scans, 'a.xml'));
    const nmap = fakeNmap('echo "$@" > args; cat whole.xml');
    const { code, stderr } = await portlog(['run', '--once', '--config', config, '--nmap', nmap]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('nmap (nightly): 1 run, 2 hosts listed, 2 open ports')]);
    expect(readFileSync(join(home, 'args'), 'utf8')).toBe('-oX - -v -sV 192.0.2.0/30\n');
    const finishedAt = written().filter(({ event }) => event.action === 'scan-finished');
    expect(finishedAt.map(({ nmap: { site } }) => site)).toEqual(['lab', 'berlin']);
  });

  test('--again ships what lies in its directories once more, and only then', async () => {
    const config = configured(`directories: [{ path: ${scans} }]`);
    copyFileSync(EXAMPLE, join(scans, 'a.xml'));
    const ports = async (...more: readonly string[]): Promise<number> => {
      expect((await portlog(['run', '--once', '--config', config, ...more])).code).toBe(0);
      return actions().filter((action) => action === 'port-observed').length;
    };
    const first = await ports();
    expect(first).toBeGreaterThan(0);
    expect(await ports()).toBe(first);
    expect(await ports('--again')).toBe(2 * first);
    expect(await ports()).toBe(2 * first);
  });

  test('a scheduled scan without a result is an event, once, and status says why', async () => {
    const config = configured(NIGHTLY);
    const nmap = fakeNmap('echo "Failed to resolve" >&2; exit 1');
    const { code } = await portlog(['run', '--once', '--config', config, '--nmap', nmap]);
    expect(code).toBe(3);
    const overdue = (): readonly Line[] => written().filter(({ event }) => event.action === 'scan-overdue');
    expect(overdue()).toMatchObject([
      { nmap: { site: 'lab', overdue: { schedule: 'nightly' } }, event: { reason: expect.stringContaining('nmap') } },
    ]);
    await portlog(['--config', config, EXAMPLE]);
    expect(overdue()).toHaveLength(1);

    const status = await portlog(['status', '--config', config]);
    expect(status.code).toBe(1);
    expect(status.stdout).toMatch(/^schedule {2}nightly \(0 2 \* \* \*\): due .* ago\), did not come: nmap \(nightly\) .*; next \d/m);
    expect(status.stdout).toContain('sink      nothing waits, and nothing was rejected');
  });

  test('an nmap that is missing is one, too', async () => {
    const config = configured(NIGHTLY);
    expect((await portlog(['run', '--once', '--config', config, '--nmap', '/no/such/nmap'])).code).toBe(3);
    expect(written().find(({ event }) => event.action === 'scan-overdue')?.event.reason).toContain('there is no program "/no/such/nmap"');
  });

  test('killed in the middle of a scan: status and the next run report it', async () => {
    const config = configured(NIGHTLY);
    const nmap = fakeNmap('cat half.xml; echo > begun; sleep 2');
    const child = startPortlog(['run', '--once', '--config', config, '--nmap', nmap]);
    running.push(child);
    await until(() => existsSync(join(home, 'begun')));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    const { stdout } = await portlog(['status', '--config', config]);
    expect(stdout).toContain('did not come: portlog ended unexpectedly');
    expect(stdout).toMatch(/^lost {6}the run of .* reading nmap \(nightly\)/m);
    const daemon = start('run', '--config', config);
    const ended = finished(daemon);
    await until(() => actions().includes('scan-overdue'));
    daemon.kill('SIGTERM');
    expect((await ended).stderr).toMatch(/reading nmap \(nightly\)\) was killed or crashed/);
  });

  test('stopped in the middle of a scan: finished hosts ship, and the next run reports the missing scan', async () => {
    const config = configured('schedules: [{ name: always, cron: "* * * * *", nmap: [192.0.2.0/30], catchUp: true }]');
    const nmap = fakeNmap('trap "exit 1" INT; cat half.xml; echo > begun; while :; do sleep 0.1; done');
    const child = startPortlog(['run', '--once', '--config', config, '--nmap', nmap]);
    running.push(child);
    const ended = finished(child);
    await until(() => existsSync(join(home, 'begun')));
    await until(() => actions().includes('host-observed'));
    const live = await portlog(['status', '--json', '--config', config]);
    expect(JSON.parse(live.stdout)).toMatchObject({
      running: [{ what: 'nmap (always)', pid: child.pid }],
      schedules: [{ name: 'always', last: { due: expect.any(String) } }],
    });
    child.kill('SIGTERM');
    expect((await ended).code).toBe(130);
    expect(actions()).toContain('scan-incomplete');
    await portlog(['--config', config, EXAMPLE]);
    expect(written().find(({ event }) => event.action === 'scan-overdue')?.event.reason).toBe('portlog was stopped while it was running');
  });

  test('nmap is stopped when its time is over', async () => {
    const config = configured('schedules: [{ name: slow, cron: "@daily", nmap: [192.0.2.0/30], maxHours: 0.0003 }]');
    const nmap = fakeNmap('trap "exit 0" INT; cat half.xml; while :; do sleep 0.1; done');
    const { code, stderr } = await portlog(['run', '--once', '--config', config, '--nmap', nmap]);
    expect(code).toBe(1);
    expect(actions()).toEqual(expect.arrayContaining(['host-observed', 'scan-incomplete', 'scan-overdue']));
    // It says that portlog did it, and why: whoever reads "cut short" would look for another cause.
    const reason = 'portlog stopped it after 1 second (maxHours)';
    expect(stderr).toMatch(/schedule slow: no finished scan: nmap 7\.9\d scan incomplete: portlog stopped it after 1 second \(maxHours\)/);
    for (const action of ['scan-incomplete', 'scan-overdue'])
      expect(written().find(({ event }) => event.action === action)?.event.reason).toContain(reason);
    expect((await portlog(['status', '--config', config])).stdout).toContain(reason);
  });

  test('stopped before it has written anything, and ended by the signal, it was stopped, too', async () => {
    const config = configured('schedules: [{ name: slow, cron: "@daily", nmap: [192.0.2.0/30], maxHours: 0.0003 }]');
    const { stderr } = await portlog(['run', '--once', '--config', config, '--nmap', fakeNmap('exec sleep 20')]);
    expect(stderr).toContain('nmap (slow): portlog stopped it after 1 second (maxHours)\n');
    expect(stderr).toContain('schedule slow: no finished scan: portlog stopped it after 1 second (maxHours)\n');
  });

  test('runs until it is stopped, and logs when each schedule is due', async () => {
    const config = configured(NIGHTLY, `directories: [{ path: ${join(home, 'later')} }]`);
    const child = start('run', '--config', config, '--nmap', fakeNmap('cat whole.xml'));
    const ended = finished(child);
    await untilPrinted(child, 'stderr', 'later cannot be watched');
    mkdirSync(join(home, 'later'));
    copyFileSync(EXAMPLE, join(home, 'later', 'a.xml'));
    await until(() => actions().includes('run-summary'));
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(code).toBe(0);
    expect(stderr).toMatch(/schedule nightly: next \d{4}-\d\d-\d\dT/);
    expect(stderr).toContain('later cannot be watched: there is no such directory');
    expect(stderr).toContain('later can be watched again');
  });

  test.each([
    ['nothing to do', '', /nothing to do: the configuration has no schedules and no directories/],
    [
      'a timetable that is none',
      'schedules: [{ name: a, cron: "often", nmap: [x] }]',
      /portlog\.yaml: schedules\.0\.cron: "often" is not a cron expression/,
    ],
    ['a setting that is none', 'schedules: [{ name: a, cron: "@daily", nmap: [x], site: "a b" }]', /portlog\.yaml: schedules\.0\.site/],
    ['arguments that portlog cannot do with', 'schedules: [{ name: a, cron: "@daily", nmap: [-oA, x] }]', /option -oA cannot be used with/],
  ])('%s: exit 2 and a sentence', async (_, line, sentence) => {
    const { code, stderr } = await portlog(['run', '--config', configured(line)]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(sentence)]);
  });

  test('an unknown schedule: the nearest one', async () => {
    const { code, stderr } = await portlog(['run', '--once', '--schedule', 'nightli', '--config', configured(NIGHTLY)]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('did you mean "nightly"?')]);
  });
});

describe('portlog status', () => {
  test('before anything has run', async () => {
    const { code, stderr } = await portlog(['status', '--config', configured()]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('nothing has run yet')]);
  });

  test('knows the hosts that metrics and the report know: an address at which nothing ever answered is none', async () => {
    const down = '<host><status state="down" reason="no-response"/><address addr="192.0.2.9" addrtype="ipv4"/></host>';
    put('a.xml', scan(host('192.0.2.1', port(80)) + down));
    const config = configured();
    await portlog(['--config', config, join(scans, 'a.xml'), '--metrics-file', join(home, 'a.prom')]);
    for (const command of ['status', 'check']) expect((await portlog([command, '--config', config])).stdout).toContain('1 host known');
    const metrics = readFileSync(join(home, 'a.prom'), 'utf8');
    expect(metrics).toContain('portlog_hosts{site="lab",state="up"} 1\n');
    expect(metrics).toContain('portlog_hosts{site="lab",state="down"} 0\n');
  });

  test('for machines: sites that are overdue, what waits, where', async () => {
    const config = configured('schedules: []', 'directories: []', 'sites: { lab: { maxAgeHours: 1 }, other: { maxAgeHours: 1 } }');
    const metrics = join(home, 'a.prom');
    await portlog(['--config', config, '--metrics-file', metrics, EXAMPLE, '--to', 'elasticsearch=http://127.0.0.1:9', '--retry-for-seconds', '0']);
    const { code, stdout } = await portlog(['status', '--json', '--config', config]);
    expect(code).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({
      exit: 5,
      running: [],
      lost: [],
      sites: [
        { site: 'lab', hosts: 3, overdue: true },
        // It is looked after for a moment only, so that none could have come: no event tells of it, either.
        { site: 'other', hosts: 0, overdue: false },
      ],
      sinks: [{ type: 'elasticsearch', target: 'http://127.0.0.1:9', spool: { events: expect.any(Number) } }],
    });
    expect(readFileSync(metrics, 'utf8')).toContain('portlog_site_overdue{site="lab"} 1\nportlog_site_overdue{site="other"} 0\n');
  });

  test('a killed run is shown, and reported by the next run', async () => {
    const config = configured();
    const child = startPortlog(['--config', config]);
    running.push(child);
    child.stdin?.write(HALF);
    await until(() => actions().includes('host-observed'));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    for (const _ of [1, 2]) expect((await portlog(['status', '--config', config])).stdout).toMatch(/^lost {6}the run of .* reading standard input/m);
    await portlog(['check', '--config', config]);
    expect((await portlog(['--config', config, EXAMPLE])).stderr).toContain('was killed or crashed');
  });
});
