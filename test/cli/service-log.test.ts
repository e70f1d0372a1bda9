import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { finished, portlog, ROOT, startPortlog, until, untilPrinted } from '../support/run-portlog.ts';
import { actions, configured, home, ownFolder, put, running, scans, start, WHOLE } from '../support/unattended.ts';
import { host, port, scan } from '../support/scans.ts';

/* What `run` and `watch` say while they go on: what has changed, and what is wrong, once. */

ownFolder();

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listening(at = 0): Promise<number> {
  const server = createServer((request, response) => request.resume().on('end', () => response.end('{}')));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function fakeNmap(script: string): string {
  const path = join(home, 'nmap');
  writeFileSync(join(home, 'whole.xml'), WHOLE);
  writeFileSync(path, `#!/bin/sh\ncd "${home}"\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

test('each scan has a line that says what it found and what has changed', async () => {
  for (const name of ['office-1.xml', 'office-2.xml']) copyFileSync(join(ROOT, 'examples', name), join(scans, name));
  const { stderr } = await portlog(['watch', '--once', scans, '--state-dir', join(home, 'state'), '--to', `file=${join(home, 'o')}`]);
  expect(stderr).toContain('office-1.xml: 1 run, 16 hosts listed, 10 open ports, 4 findings; seen for the first time: taken as the baseline\n');
  expect(stderr).toContain(
    'office-2.xml: 1 run, 16 hosts listed, 13 open ports, 8 findings; changed: 4 new findings (192.0.2.3 21/tcp, 192.0.2.4 23/tcp, 192.0.2.9 873/tcp), 2 ports opened (192.0.2.3 21/tcp, 192.0.2.4 23/tcp), 1 new host (192.0.2.9), 1 host missing (192.0.2.5), 1 service changed (192.0.2.2 22/tcp)\n',
  );
});

test('of a scan that was cut, it is not said that nothing has changed', async () => {
  const whole = join(ROOT, 'examples', 'office-1.xml');
  const cut = join(home, 'cut.xml');
  writeFileSync(cut, readFileSync(whole).subarray(0, 3000));
  const ship = (file: string): ReturnType<typeof portlog> => portlog(['--state-dir', join(home, 'state'), '--to', `file=${join(home, 'o')}`, file]);
  await ship(whole);
  const { stderr } = await ship(cut);
  expect(stderr).toMatch(/cut\.xml: 1 run, \d+ hosts? listed/);
  expect(stderr).not.toContain('nothing has changed');
});

test('the same scan once more has changed nothing, and --json counts', async () => {
  const ship = async (): Promise<string> =>
    (await portlog(['--json', '--state-dir', join(home, 'state'), '--to', `file=${join(home, 'o')}`, join(ROOT, 'examples', 'office-1.xml')])).stderr;
  await ship();
  const stderr = await ship();
  expect(stderr).toContain('10 open ports, 4 findings; nothing has changed\n');
  const [input] = (JSON.parse(stderr.split('\n').find((line) => line.startsWith('{')) ?? '') as { inputs: object[] }).inputs;
  expect(input).toMatchObject({ findings: 4, changes: {} });
});

test('a dead server is said once, by its name, and once when it is back', async () => {
  const at = await listening();
  servers.pop()?.close();
  const child = start('watch', scans, '--state-dir', join(home, 'state'), '--to', `http=http://127.0.0.1:${at}`, '--retry-for-seconds', '0');
  const ended = finished(child);
  for (const [index, name] of ['a.xml', 'b.xml', 'c.xml'].entries()) {
    const printed = untilPrinted(child, 'stderr', `${name}: 1 run`);
    put(name, scan(host('192.0.2.1', port(80 + index)), `scanner="nmap" args="nmap 192.0.2.1" start="${1760000000 + index}"`));
    await printed;
  }
  await listening(at);
  const back = untilPrinted(child, 'stderr', 'is available again');
  put('d.xml', WHOLE);
  await back;
  child.kill('SIGTERM');
  const { stderr } = await ended;
  const about = stderr.split('\n').filter((line) => /available|reached|wait on disk|read all the same|listens/.test(line));
  expect(about).toEqual([
    `portlog: http http://127.0.0.1:${at} is not available: http://127.0.0.1:${at} cannot be reached: nothing listens there`,
    'portlog: the scan is read all the same; what cannot be delivered waits on disk',
    expect.stringMatching(new RegExp(`^portlog: http http://127.0.0.1:${at} is available again, after \\d+ seconds?$`)),
  ]);
});

test('scan-started goes before the first host, also when nmap is fast', async () => {
  const nmap = fakeNmap('cat whole.xml');
  await portlog(['scan', '--nmap', nmap, '--state-dir', join(home, 'state'), '--to', `file=${join(home, 'out.ndjson')}`, '--', '192.0.2.0/30']);
  expect(actions()[0]).toBe('scan-started');
});

test('stopped while the events of a failed scan wait for a server: its own reason stays, and is printed', async () => {
  const at = await listening();
  servers.pop()?.close();
  const config = configured(
    'retryForSeconds: 60',
    'schedules: [{ name: nightly, cron: "0 2 * * *", nmap: [192.0.2.0/30] }]',
    `sinks: [{ type: http, url: "http://127.0.0.1:${at}" }]`,
  );
  const nmap = fakeNmap('head -c 300 whole.xml; echo "it broke" >&2; echo > over; exit 1');
  const child = startPortlog(['run', '--once', '--config', config, '--nmap', nmap]);
  running.push(child);
  const ended = finished(child);
  const waits = untilPrinted(child, 'stderr', 'retrying for up to 60 s');
  await until(() => existsSync(join(home, 'over')));
  await waits;
  const stopping = untilPrinted(child, 'stderr', 'stopping');
  child.kill('SIGTERM');
  await stopping;
  child.kill('SIGTERM');
  const { code, stderr } = await ended;
  expect(code).toBe(130);
  expect(stderr).toMatch(/schedule nightly: no finished scan: (?!portlog was stopped)/);
  const status = await portlog(['status', '--config', config]);
  expect(status.stdout).toMatch(/did not come: (?!portlog was stopped)/);
});
