import type { ChildProcess } from 'node:child_process';
import { appendFileSync, chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { finished, freshDir, portlog, ROOT, startPortlog, untilPrinted } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';
import { answer, bulkAnswer, bulkIds, healthy, scriptedServer } from '../support/scripted-server.ts';

const EXAMPLE = join(ROOT, 'examples', 'loopback.xml');
const WHOLE = scan(host('192.0.2.1', port(80)) + host('192.0.2.2', port(443)));
const HALF = WHOLE.slice(0, WHOLE.indexOf('<host', WHOLE.indexOf('192.0.2.1')));

let home: string;
let scans: string;
let out: string;
const running: ChildProcess[] = [];
beforeEach(() => {
  home = freshDir();
  scans = join(home, 'scans');
  out = join(home, 'out.ndjson');
  mkdirSync(scans);
});
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

interface Line {
  readonly event: { readonly action: string; readonly id: string; readonly reason?: string };
  readonly nmap: { readonly site: string; readonly overdue?: { readonly schedule?: string } };
  readonly message: string;
}

function written(): readonly Line[] {
  if (!existsSync(out)) return [];
  return readFileSync(out, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

const actions = (): readonly string[] => written().map(({ event }) => event.action);

/** Waits for something that another process does. */
async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !isSo(); i++) await wait(50);
  expect(isSo()).toBe(true);
}

function put(name: string, content: string): void {
  writeFileSync(join(scans, name), content);
}

/** A configuration with the given lines beside state and sink. */
function configured(...lines: readonly string[]): string {
  const path = join(home, 'portlog.yaml');
  writeFileSync(path, [`site: lab`, `stateDir: ${join(home, 'state')}`, `sinks: [{ type: file, path: ${out} }]`, ...lines].join('\n'));
  return path;
}

/** A program that stands in for nmap. */
function fakeNmap(script: string): string {
  const path = join(home, 'nmap');
  writeFileSync(join(home, 'whole.xml'), WHOLE);
  writeFileSync(join(home, 'half.xml'), HALF);
  writeFileSync(path, `#!/bin/sh\ncd "${home}"\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

const start = (...args: readonly string[]): ChildProcess => {
  const child = startPortlog([...args, '--poll-seconds', '0.1']);
  running.push(child);
  return child;
};

describe('portlog watch', () => {
  const args = (): readonly string[] => ['watch', scans, '--state-dir', join(home, 'state'), '--to', `file=${out}`];

  test('--once ships what is finished, and nothing twice', async () => {
    copyFileSync(EXAMPLE, join(scans, 'a.xml'));
    put('b.xml', HALF);
    put('notes.txt', 'not a scan');
    const first = await portlog([...args(), '--once', '--verbose']);
    expect(first.code).toBe(0);
    expect(first.stderr).toContain('a.xml: 1 run, 3 hosts listed');
    expect(first.stderr).toContain('b.xml is not finished yet');
    expect(first.stderr).not.toContain('notes.txt');
    const count = written().length;
    expect(actions()).toContain('baseline');

    const second = await portlog([...args(), '--once']);
    expect([second.code, second.stderr, written().length]).toEqual([0, '', count]);

    const status = await portlog(['status', '--state-dir', join(home, 'state')]);
    expect([status.code, status.stdout]).toEqual([
      0,
      expect.stringMatching(/ b\.xml waits: it has no end, and is as it is since \S+Z \(\d+ seconds? ago\)\n/),
    ]);

    appendFileSync(join(scans, 'b.xml'), WHOLE.slice(HALF.length));
    expect((await portlog([...args(), '--once'])).stderr).toContain('b.xml: 1 run, 2 hosts listed');
    expect((await portlog(['status', '--state-dir', join(home, 'state')])).stdout).not.toContain('b.xml');
  });

  test('ships what appears until somebody stops it; stopped while idle, all is well', async () => {
    const child = start(...args());
    const ended = finished(child);
    await wait(300);
    put('a.xml', HALF);
    await wait(500);
    expect(written()).toEqual([]);
    appendFileSync(join(scans, 'a.xml'), WHOLE.slice(HALF.length));
    await until(() => actions().includes('run-summary'));
    copyFileSync(EXAMPLE, join(scans, 'b.xml'));
    await until(() => actions().filter((action) => action === 'run-summary').length === 2);
    child.kill('SIGTERM');
    const { code, stderr } = await ended;
    expect([code, stderr]).toEqual([0, expect.stringContaining(`watching ${scans}`)]);
    expect(actions().filter((action) => action === 'scan-finished')).toHaveLength(2);
    expect(actions()).not.toContain('scan-incomplete');
  });

  test('an unfinished scan to which nobody writes any more counts as cut', async () => {
    put('a.xml', HALF);
    const { code, stderr } = await portlog([...args(), '--once', '--cut-after-minutes', '0.0001']);
    expect(code).toBe(1);
    expect(stderr).toContain('the input ends');
    expect(actions()).toEqual(expect.arrayContaining(['port-observed', 'scan-incomplete']));
  });

  test('of a damaged gzip file what gzip -dc gives is shipped, and the damage is told, once', async () => {
    const bytes = Buffer.concat([gzipSync(WHOLE), Buffer.alloc(100_000, 'x')]);
    bytes.writeUInt32LE(0, gzipSync(WHOLE).length - 8);
    writeFileSync(join(scans, 'a.xml.gz'), bytes);
    const quick = ['--once', '--cut-after-minutes', '0.0001'];
    const { code, stderr } = await portlog([...args(), ...quick]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('a.xml.gz is damaged: the checksum of member 1 is wrong')]);
    expect(actions().filter((action) => action === 'port-observed')).toHaveLength(2);
    expect(actions()).toContain('scan-finished');
    expect((await portlog([...args(), ...quick])).stderr).toBe('');
  });

  test('what is no scan is said once, and the others go on', async () => {
    put('a.xml', '{"ports": []}');
    copyFileSync(EXAMPLE, join(scans, 'b.xml'));
    const first = await portlog([...args(), '--once', '--cut-after-minutes', '0.0001']);
    expect([first.code, first.stderr]).toEqual([1, expect.stringContaining('a.xml is no scan')]);
    expect((await portlog([...args(), '--once'])).stderr).toBe('');
  });

  test('a trial uses nothing up: a sink that is named later gets what lies there', async () => {
    copyFileSync(EXAMPLE, join(scans, 'a.xml'));
    const state = ['--state-dir', join(home, 'state'), '--once'];
    expect((await portlog(['watch', scans, ...state, '--to', 'stdout'])).stdout).toContain('"port-observed"');
    expect((await portlog(['watch', scans, ...state, '--to', 'stdout'])).stdout).toBe('');
    expect((await portlog([...args(), '--once'])).code).toBe(0);
    expect(actions()).toContain('port-observed');
    const count = written().length;
    expect((await portlog([...args(), '--once', '--again'])).stderr).toContain('a.xml: 1 run, 3 hosts listed');
    expect(written().length).toBeGreaterThan(count);
  });

  test('a link is left alone, and status tells of a directory that is not there', async () => {
    writeFileSync(join(home, 'elsewhere.xml'), WHOLE);
    symlinkSync(join(home, 'elsewhere.xml'), join(scans, 'link.xml'));
    const { code, stderr } = await portlog([...args(), '--once']);
    expect([code, stderr]).toEqual([0, `portlog: ${join(scans, 'link.xml')}: it is a symbolic link, and those are not followed\n`]);
    const status = await portlog(['status', '--config', configured(`directories: [{ path: ${join(home, 'gone')} }]`)]);
    expect([status.code, status.stdout]).toEqual([1, expect.stringContaining('gone: 0 scans shipped; the directory')]);
  });

  test('changes are told on standard output, too; who reads no more ends it', async () => {
    copyFileSync(EXAMPLE, join(scans, 'a.xml'));
    const child = start('watch', scans, '--state-dir', join(home, 'state'), '--to', 'stdout');
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => (text += String(chunk)));
    const code = new Promise((resolve) => child.once('exit', resolve));
    await until(() => text.includes('"baseline"'));
    child.stdout?.destroy();
    put('b.xml', WHOLE);
    expect(await code).toBe(0);
  });

  test('killed in the middle, the next one goes on: what arrives is what arrives without a kill', async () => {
    copyFileSync(EXAMPLE, join(scans, 'a.xml'));
    let isStuck = true;
    const stored = new Set<string>();
    const server = await scriptedServer((seen, response) => {
      if (healthy(seen, response) || isStuck) return;
      answer(
        response,
        200,
        bulkAnswer(seen.body, (id) => (stored.has(id) ? 409 : 201)),
      );
      for (const id of bulkIds(seen.body)) stored.add(id);
    });
    const watch = (state: string): readonly string[] => [
      'watch',
      scans,
      '--state-dir',
      join(home, state),
      '--to',
      `elasticsearch=${server.url.href}`,
    ];
    const child = start(...watch('killed'));
    await until(() => server.seen.some(({ method }) => method === 'POST'));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    isStuck = false;
    expect((await portlog([...watch('killed'), '--once'])).stderr).toContain('ended without a word');
    const afterKill = stored.size;
    stored.clear();
    expect((await portlog([...watch('undisturbed'), '--once'])).code).toBe(0);
    await server.stop();
    expect(afterKill).toBe(stored.size);
    expect(afterKill).toBeGreaterThan(13);
  });

  test('what waited goes when the sink is back, although nothing new comes', async () => {
    const isUp = { now: false };
    const server = await scriptedServer((seen, response) => {
      if (healthy(seen, response)) return;
      if (isUp.now) answer(response, 200, bulkAnswer(seen.body));
      else answer(response, 503, 'busy');
    });
    copyFileSync(EXAMPLE, join(scans, 'a.xml'));
    const to = ['watch', scans, '--once', '--state-dir', join(home, 'state'), '--to', `elasticsearch=${server.url.href}`, '--retry-for-seconds', '0'];
    expect((await portlog(to)).code).toBe(5);
    isUp.now = true;
    const { code, stderr } = await portlog(to);
    await server.stop();
    expect([code, stderr]).toEqual([0, expect.stringMatching(/elasticsearch .*: \d+ events that waited on disk are delivered/)]);
  });

  test('a password that changes counts from then on', async () => {
    const keys: (string | undefined)[] = [];
    const server = await scriptedServer((seen, response) => {
      if (healthy(seen, response)) return;
      keys.push(seen.headers.authorization);
      answer(response, 200, bulkAnswer(seen.body));
    });
    const config = join(home, 'portlog.yaml');
    writeFileSync(config, `sinks: [{ type: elasticsearch, url: "${server.url.href}", apiKeyFile: ${join(home, 'key')} }]`);
    writeFileSync(join(home, 'key'), 'old');
    const child = start('watch', scans, '--state-dir', join(home, 'state'), '--config', config);
    put('a.xml', WHOLE);
    await until(() => keys.includes('ApiKey old'));
    writeFileSync(join(home, 'key'), 'new');
    copyFileSync(EXAMPLE, join(scans, 'b.xml'));
    await until(() => keys.includes('ApiKey new'));
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
    await server.stop();
  });

  test.each([
    ['a directory that is not there', 'nowhere', /the directory .*nowhere cannot be watched: there is no such directory/],
    ['a file', 'file.xml', /cannot be watched: it is no directory\n.*to ship a file: portlog .*file\.xml/],
  ])('%s: exit 3 and a sentence', async (_, name, sentence) => {
    writeFileSync(join(home, 'file.xml'), WHOLE);
    const { code, stderr } = await portlog(['watch', join(home, name), '--state-dir', join(home, 'state'), '--to', 'stdout']);
    expect([code, stderr]).toEqual([3, expect.stringMatching(sentence)]);
  });
});

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

  test('a scan of which nothing came is an event, once, and status says why', async () => {
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

  test('killed in the middle of a scan: status and the next one tell', async () => {
    const config = configured(NIGHTLY);
    const nmap = fakeNmap('cat half.xml; echo > begun; sleep 2');
    const child = startPortlog(['run', '--once', '--config', config, '--nmap', nmap]);
    running.push(child);
    await until(() => existsSync(join(home, 'begun')));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    const { stdout } = await portlog(['status', '--config', config]);
    expect(stdout).toContain('did not come: portlog ended without a word');
    expect(stdout).toMatch(/^lost {6}the run of .* reading nmap \(nightly\)/m);
    const daemon = start('run', '--config', config);
    const ended = finished(daemon);
    await until(() => actions().includes('scan-overdue'));
    daemon.kill('SIGTERM');
    expect((await ended).stderr).toMatch(/reading nmap \(nightly\)\) ended without a word/);
  });

  test('stopped in the middle of a scan: what was finished ships, and the next one tells that the scan did not come', async () => {
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
    expect(written().find(({ event }) => event.action === 'scan-overdue')?.event.reason).toBe('portlog was stopped while it went on');
  });

  test('nmap is stopped when its time is over', async () => {
    const config = configured('schedules: [{ name: slow, cron: "@daily", nmap: [192.0.2.0/30], maxHours: 0.0003 }]');
    const nmap = fakeNmap('trap "exit 0" INT; cat half.xml; while :; do sleep 0.1; done');
    const { code } = await portlog(['run', '--once', '--config', config, '--nmap', nmap]);
    expect(code).toBe(1);
    expect(actions()).toEqual(expect.arrayContaining(['host-observed', 'scan-incomplete', 'scan-overdue']));
  });

  test('runs until it is stopped, and says when what is due', async () => {
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
    ['a timetable that is none', 'schedules: [{ name: a, cron: "often", nmap: [x] }]', /portlog\.yaml: schedules\.0\.cron: "often" is no timetable/],
    ['a setting that is none', 'schedules: [{ name: a, cron: "@daily", nmap: [x], site: "a b" }]', /portlog\.yaml: schedules\.0\.site/],
    ['arguments that portlog cannot do with', 'schedules: [{ name: a, cron: "@daily", nmap: [-oA, x] }]', /option -oA does not go together/],
  ])('%s: exit 2 and a sentence', async (_, line, sentence) => {
    const { code, stderr } = await portlog(['run', '--config', configured(line)]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(sentence)]);
  });

  test('a schedule that there is not: the nearest one', async () => {
    const { code, stderr } = await portlog(['run', '--once', '--schedule', 'nightli', '--config', configured(NIGHTLY)]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('did you mean "nightly"?')]);
  });
});

describe('portlog status', () => {
  test('before anything has run', async () => {
    const { code, stderr } = await portlog(['status', '--config', configured()]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('nothing has run yet')]);
  });

  test('for machines: sites that are overdue, what waits, where', async () => {
    const config = configured('schedules: []', 'directories: []', 'sites: { lab: { maxAgeHours: 1 }, other: { maxAgeHours: 1 } }');
    await portlog(['--config', config, EXAMPLE, '--to', 'elasticsearch=http://127.0.0.1:9', '--retry-for-seconds', '0']);
    const { code, stdout } = await portlog(['status', '--json', '--config', config]);
    expect(code).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({
      exit: 5,
      running: [],
      lost: [],
      sites: [
        { site: 'lab', hosts: 3, overdue: true },
        { site: 'other', hosts: 0, overdue: true },
      ],
      sinks: [{ type: 'elasticsearch', target: 'http://127.0.0.1:9', spool: { events: expect.any(Number) } }],
    });
  });

  test('a run that was killed is shown, and left for the next to tell', async () => {
    const config = configured();
    const child = startPortlog(['--config', config]);
    running.push(child);
    child.stdin?.write(HALF);
    await until(() => actions().includes('host-observed'));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    for (const _ of [1, 2]) expect((await portlog(['status', '--config', config])).stdout).toMatch(/^lost {6}the run of .* reading standard input/m);
    await portlog(['check', '--config', config]);
    expect((await portlog(['--config', config, EXAMPLE])).stderr).toContain('ended without a word');
  });
});
