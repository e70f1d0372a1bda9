import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDir, portlog, ROOT, until } from '../support/run-portlog.ts';
import { host, port } from '../support/scans.ts';
import { type RsyslogServer, startRsyslog, type SyslogMessage } from './rsyslog.ts';

/* A real rsyslog of Debian, with its defaults. */

const EVERYTHING = join(ROOT, 'test/fixtures/everything.xml');

let rsyslog: RsyslogServer;
beforeAll(async () => {
  rsyslog = await startRsyslog();
});
afterAll(() => rsyslog?.stop());

const eventIn = ({ text }: SyslogMessage): any => JSON.parse(text);

/** `count` hosts with a port each. */
function manyHosts(site: string, count: number): string {
  const file = join(freshDir(), `${site}.xml`);
  const hosts = Array.from({ length: count }, (_, i) => host(`10.${site.length}.${i >> 8}.${i & 255}`, port(80)));
  writeFileSync(
    file,
    `<?xml version="1.0"?><nmaprun scanner="nmap" args="nmap -oX - 10.0.0.0/8" start="1760000000">${hosts.join('')}<runstats><finished time="1760000060" exit="success"/></runstats></nmaprun>`,
  );
  return file;
}

async function stdoutOf(...args: readonly string[]): Promise<readonly any[]> {
  const { stdout } = await portlog(['--to', 'stdout', '--format', 'ecs', ...args]);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test.each(['tcp', 'tls'] as const)('over %s, rsyslog understands each event, header and all', async (protocol) => {
  const args = ['--all', '--sensor', 'here', '--site', protocol, EVERYTHING];
  const shown = await stdoutOf(...args);
  const { code, stderr } = await portlog([
    '--state-dir',
    freshDir(),
    '--no-changes',
    '--ca-file',
    rsyslog.caFile,
    '--to',
    `syslog=${rsyslog[protocol]}`,
    ...args,
  ]);
  expect([code, stderr]).toEqual([0, expect.stringContaining(`sent ${shown.length} + already 0 + dead 0`)]);
  const got = (await rsyslog.messages()).filter((message) => eventIn(message).nmap.site === protocol);
  const byId = new Map(got.map((message) => [eventIn(message).event.id as string, message]));
  for (const { event, ...rest } of shown) {
    const message = byId.get(event.id);
    expect(message, event.id).toMatchObject({ facility: 'local0', program: 'portlog', msgid: event.action });
    expect(Date.parse(message!.time)).toBe(Date.parse(rest['@timestamp']));
    const { event: about, ...read } = eventIn(message!);
    // When it was read differs from run to run.
    expect({ ...about, created: 0 }).toEqual({ ...event, created: 0 });
    expect(read).toEqual(rest);
  }
  expect(got.length).toBe(shown.length + 1);
});

test('RFC 3164 in lines', async () => {
  const config = join(freshDir(), 'portlog.yaml');
  writeFileSync(
    config,
    `site: lines\nsinks:\n  - { type: syslog, url: "${rsyslog.tcp}", syslogFormat: rfc3164, framing: newline, facility: authpriv }\n`,
  );
  const { code } = await portlog(['--config', config, '--state-dir', freshDir(), '--no-changes', EVERYTHING]);
  expect(code).toBe(0);
  const got = (await rsyslog.messages()).filter((message) => eventIn(message).nmap.site === 'lines');
  expect(got.length).toBe((await stdoutOf('--site', 'lines', EVERYTHING)).length + 1);
  for (const { facility, program } of got) expect([facility, program]).toEqual(['authpriv', 'portlog']);
});

test('a script with much to say is shortened to what rsyslog takes by default, and marked', async () => {
  const file = join(freshDir(), 'long.xml');
  const output = 'a line of output&#xa;'.repeat(5000);
  writeFileSync(
    file,
    `<?xml version="1.0"?><nmaprun scanner="nmap" args="nmap -oX - 10.0.0.1" start="1760000000">${host('10.0.0.1', port(80).replace('</port>', `<script id="http-long" output="${output}"/></port>`))}<runstats><finished time="1760000060" exit="success"/></runstats></nmaprun>`,
  );
  const { code } = await portlog(['--state-dir', freshDir(), '--no-changes', '--site', 'long', '--to', `syslog=${rsyslog.tcp}`, file]);
  expect(code).toBe(0);
  const got = (await rsyslog.messages()).map(eventIn).filter(({ nmap }) => nmap.site === 'long');
  const marked = got.filter(({ nmap }) => nmap.shortened === true);
  expect(marked.map(({ event }) => event.action)).toEqual(['port-observed']);
  expect(marked[0].server.port).toBe(80);
});

test('restarted while 4,000 hosts come in: each event is there', async () => {
  const file = manyHosts('halt', 4000);
  const ids = (await stdoutOf('--site', 'halt', file)).map(({ event }) => event.id as string);
  const running = portlog(['--state-dir', freshDir(), '--no-changes', '--site', 'halt', '--to', `syslog=${rsyslog.tcp}`, file]);
  await until(() => existsSync(rsyslog.file) && readFileSync(rsyslog.file, 'utf8').includes('"site":"halt"'));
  await rsyslog.halt();
  const before = await idsOf('halt');
  await new Promise((resolve) => setTimeout(resolve, 500));
  await rsyslog.start();
  const { code, stderr } = await running;
  expect([code, stderr]).toEqual([0, expect.stringContaining('dead 0')]);
  const after = await idsOf('halt');
  expect(before.size).toBeGreaterThan(0);
  expect(before.size).toBeLessThan(ids.length);
  expect(ids.filter((id) => !after.has(id))).toEqual([]);
});

async function idsOf(site: string): Promise<ReadonlySet<string>> {
  const all = (await rsyslog.messages()).map(eventIn);
  return new Set(all.filter(({ nmap }) => nmap.site === site).map(({ event }) => event.id));
}

test('check, and nobody there', async () => {
  const check = async (url: string): Promise<string> => (await portlog(['check', '--to', `syslog=${url}`, '--state-dir', freshDir()])).stdout;
  expect(await check(rsyslog.tcp)).toContain(`ok      ${rsyslog.tcp} takes connections`);
  expect(await check(rsyslog.tcp)).toContain('framing cannot be checked');
  expect(await check('tcp://127.0.0.1:1')).toContain('nothing listens there');
});
