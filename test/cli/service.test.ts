import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type DatagramListener, listenForDatagrams } from '../support/datagrams.ts';
import { finished, freshDir, startPortlog, untilPrinted, until } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';

const WHOLE = scan(host('192.0.2.1', port(80)) + host('192.0.2.2', port(443)));

let home: string;
let scans: string;
const listeners: DatagramListener[] = [];
const running: ChildProcess[] = [];
beforeEach(() => {
  home = freshDir();
  scans = join(home, 'scans');
  mkdirSync(scans);
});
afterEach(() => {
  for (const listener of listeners.splice(0)) listener.stop();
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

async function listen(name: string): Promise<DatagramListener> {
  const listener = await listenForDatagrams(name);
  listeners.push(listener);
  return listener;
}

function watch(env: Readonly<Record<string, string>>, ...more: readonly string[]): ChildProcess {
  const args = ['watch', scans, '--state-dir', join(home, 'state'), '--to', `file=${join(home, 'out.ndjson')}`, '--poll-seconds', '0.1', ...more];
  const child = startPortlog(args, { env });
  running.push(child);
  return child;
}

describe('a service manager', () => {
  test.each(['a path', 'an abstract socket'])('gets READY, status and STOPPING by %s', async (kind) => {
    const name = kind === 'a path' ? join(home, 'notify') : `@portlog-test-${process.pid}`;
    const { received } = await listen(name);
    const child = watch({ NOTIFY_SOCKET: name });
    await until(() => received.length >= 3);
    writeFileSync(join(scans, 'night.xml'), WHOLE);
    await until(() => received.length >= 4);
    child.kill('SIGTERM');
    await finished(child);
    await until(() => received.length >= 5);
    expect(received.map((text) => text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/, 'TIME'))).toEqual([
      'EXTEND_TIMEOUT_USEC=180000000\nSTATUS=opening the state',
      'READY=1',
      'STATUS=1 directory; nothing shipped yet',
      'STATUS=1 directory; shipped 1 scan, 5 events, the last TIME',
      'STOPPING=1\nSTATUS=stopping: what was read is delivered first',
    ]);
  });

  test('with a watchdog gets WATCHDOG twice per interval', async () => {
    const name = join(home, 'notify');
    const { received } = await listen(name);
    watch({ NOTIFY_SOCKET: name, WATCHDOG_USEC: '400000' });
    await until(() => received.filter((text) => text === 'WATCHDOG=1').length >= 3);
  });

  test('with a watchdog for another process gets none', async () => {
    const name = join(home, 'notify');
    const { received } = await listen(name);
    watch({ NOTIFY_SOCKET: name, WATCHDOG_USEC: '100000', WATCHDOG_PID: '1' });
    await until(() => received.length >= 3);
    await wait(500);
    expect(received).not.toContain('WATCHDOG=1');
  });

  test('that cannot be notified causes one warning, and nothing else', async () => {
    const bin = join(home, 'bin');
    mkdirSync(bin);
    symlinkSync(process.execPath, join(bin, 'node'));
    const child = watch({ NOTIFY_SOCKET: join(home, 'notify'), PATH: bin });
    const ended = finished(child);
    writeFileSync(join(scans, 'night.xml'), WHOLE);
    await untilPrinted(child, 'stderr', 'delivered');
    child.kill('SIGTERM');
    const { stderr, code } = await ended;
    expect(stderr.match(/NOTIFY_SOCKET.*/g)).toEqual([
      'NOTIFY_SOCKET is set, but the service manager could not be notified: there is no program systemd-notify',
    ]);
    expect(code).toBe(0);
  });
});

describe('SIGHUP', () => {
  const config = (...lines: readonly string[]): void =>
    writeFileSync(join(home, 'portlog.yaml'), [`stateDir: ${join(home, 'state')}`, ...lines, ''].join('\n'));
  const other = (): string => join(home, 'other');
  const written = (name: string): string => (existsSync(join(home, name)) ? readFileSync(join(home, name), 'utf8') : '');

  beforeEach(() => {
    mkdirSync(other());
    writeFileSync(join(other(), 'b.xml'), WHOLE);
    config(`sinks: [{ type: file, path: ${join(home, 'out')} }]`, `directories: [{ path: ${scans} }]`);
  });

  function run(env: Readonly<Record<string, string>> = {}): { readonly child: ChildProcess; stderr: () => string } {
    const child = startPortlog(['run', '--config', join(home, 'portlog.yaml'), '--poll-seconds', '0.1'], { env });
    running.push(child);
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    return { child, stderr: () => stderr };
  }

  test('reloads the configuration: new directories, sinks and schedules apply, and the service manager is notified', async () => {
    const name = join(home, 'notify');
    const { received } = await listen(name);
    const { child, stderr } = run({ NOTIFY_SOCKET: name });
    await until(() => received.includes('READY=1') && stderr().includes(`watching ${scans}`));
    config(
      `sinks: [{ type: file, path: ${join(home, 'out2')} }]`,
      `directories: [{ path: ${other()}, site: hamburg }]`,
      'schedules: [{ name: nightly, cron: "0 2 * * *", nmap: [-sV, 192.0.2.1] }]',
    );
    child.kill('SIGHUP');
    await until(() => written('out2').includes('hamburg'));
    expect(stderr()).toContain('the configuration was reloaded and is in effect');
    expect(stderr()).toContain('schedule nightly: next ');
    const reloading = received.findIndex((text) => /^RELOADING=1\nMONOTONIC_USEC=\d+$/.test(text));
    expect(reloading).toBeGreaterThan(0);
    expect(received.slice(reloading + 1)).toContain('READY=1');
    expect(received.some((text) => text.startsWith('STATUS=1 schedule, 1 directory;'))).toBe(true);
    child.kill('SIGTERM');
    await finished(child);
  });

  test.each([
    ['that is no YAML', ['sinks: [']],
    ['with a setting that there is not', ['sinks: [{ type: file, path: x }]', 'direktories: []']],
    ['with a timetable that is wrong', ['schedules: [{ name: a, cron: "99 * * * *", nmap: [-sV, x] }]']],
    ['with a sink that there is not', ['sinks: [{ type: nosuch }]', 'directories: [{ path: /tmp }]']],
    ['that says nothing to do', ['site: x']],
  ])('with a configuration %s keeps the previous one, and says why', async (_, lines) => {
    const { child, stderr } = run();
    await until(() => stderr().includes(`watching ${scans}`));
    config(...lines);
    child.kill('SIGHUP');
    await until(() => stderr().includes('the previous configuration stays in force'));
    writeFileSync(join(scans, 'night.xml'), WHOLE);
    await until(() => written('out').includes('192.0.2.2'));
    child.kill('SIGTERM');
    await finished(child);
  });

  test('reports settings that need a restart', async () => {
    const { child, stderr } = run();
    await until(() => stderr().includes(`watching ${scans}`));
    writeFileSync(
      join(home, 'portlog.yaml'),
      `stateDir: ${join(home, 'elsewhere')}\nmetrics: { listen: "0" }\nsinks: [{ type: file, path: ${join(home, 'out')} }]\ndirectories: [{ path: ${other()} }]\n`,
    );
    child.kill('SIGHUP');
    await until(() => written('out').includes('192.0.2.2'));
    expect(stderr()).toContain('stateDir was changed: this takes effect after a restart');
    expect(stderr()).toContain('metrics.listen was changed: this takes effect after a restart');
    expect(existsSync(join(home, 'elsewhere'))).toBe(false);
    child.kill('SIGTERM');
    await finished(child);
  });
});
