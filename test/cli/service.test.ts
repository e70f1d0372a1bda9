import type { ChildProcess } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type DatagramListener, listenForDatagrams } from '../support/datagrams.ts';
import { finished, freshDir, startPortlog, untilPrinted } from '../support/run-portlog.ts';
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

async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !isSo(); i++) await wait(50);
  expect(isSo()).toBe(true);
}

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
  test.each(['a path', 'an abstract socket'])('is told by %s when portlog is ready, what it does, and that it stops', async (kind) => {
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

  test('that wants signs of life gets them twice in its time', async () => {
    const name = join(home, 'notify');
    const { received } = await listen(name);
    watch({ NOTIFY_SOCKET: name, WATCHDOG_USEC: '400000' });
    await until(() => received.filter((text) => text === 'WATCHDOG=1').length >= 3);
  });

  test('that wants them of another process gets none', async () => {
    const name = join(home, 'notify');
    const { received } = await listen(name);
    watch({ NOTIFY_SOCKET: name, WATCHDOG_USEC: '100000', WATCHDOG_PID: '1' });
    await until(() => received.length >= 3);
    await wait(500);
    expect(received).not.toContain('WATCHDOG=1');
  });

  test('that cannot be told is said once, and changes nothing else', async () => {
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
      'NOTIFY_SOCKET is set, but the service manager could not be told how portlog is: there is no program systemd-notify',
    ]);
    expect(code).toBe(0);
  });
});
