import type { ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { portlog } from '../support/run-in-process.ts';
import { finished, freshDir, startPortlog, until, untilPrinted } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';
import { answer, bulkAnswer, healthy, scriptedServer } from '../support/scripted-server.ts';

const EXPOSURE = `
networks: [{ network: 192.0.2.0/25, zone: dmz }]
expected: [{ hosts: [192.0.2.1], ports: [80/tcp], reason: shop }]
`;
const SCAN = scan(host('192.0.2.1', port(80) + port(23)) + host('192.0.2.200', port(443)));

let home: string;
const running: ChildProcess[] = [];
beforeEach(() => {
  home = freshDir();
  mkdirSync(join(home, 'scans'));
  writeFileSync(join(home, 'exposure.yaml'), EXPOSURE);
  writeFileSync(join(home, 'scan.xml'), SCAN);
});
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

const inHome = (name: string): string => join(home, name);
const common = (): readonly string[] => ['--state-dir', inHome('state'), '--exposure', inHome('exposure.yaml'), '--site', 'lab'];

/** `name{labels}` and its value, of the metrics of portlog in a text. */
function numbers(text: string): Readonly<Record<string, number>> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

async function fileNumbers(): Promise<Readonly<Record<string, number>>> {
  return numbers(await readFile(inHome('portlog.prom'), 'utf8'));
}

describe('--metrics-file', () => {
  const ship = (...more: readonly string[]): ReturnType<typeof portlog> =>
    portlog(['ship', inHome('scan.xml'), ...common(), '--metrics-file', inHome('portlog.prom'), '--json', ...more]);

  test('contains what the account of the run and the state say', async () => {
    const sink = `file ${inHome('out')}`;
    const { stderr, code } = await ship('--to', `file=${inHome('out')}`);
    const account = JSON.parse(stderr.split('\n').find((line) => line.startsWith('{')) ?? '') as { sinks: readonly Record<string, number>[] };
    const told = await fileNumbers();
    expect(code).toBe(0);
    const [sums] = account.sinks;
    expect(told[`portlog_events_read_total{sink="${sink}"}`]).toBe(sums?.['read']);
    for (const fate of ['delivered', 'already', 'dead', 'spooled', 'discarded', 'withheld'])
      expect([fate, told[`portlog_events_total{sink="${sink}",fate="${fate}"}`]]).toEqual([fate, sums?.[fate]]);
    const own = sums?.['own'] as unknown as Record<string, number>;
    expect(told[`portlog_own_events_total{sink="${sink}",fate="delivered"}`]).toBe(own['delivered']);
    expect(told[`portlog_sink_up{sink="${sink}"}`]).toBe(1);
    const report = JSON.parse((await portlog(['report', '--format', 'json', '--state-dir', inHome('state')])).stdout) as {
      totals: { hostsUp: number; openPorts: number; findings: Record<string, number> };
    };
    expect(told['portlog_hosts{site="lab",state="up"}']).toBe(report.totals.hostsUp);
    expect(told['portlog_open_ports{site="lab",zone="dmz"}']).toBe(2);
    expect(told['portlog_open_ports{site="lab",zone="unassigned"}']).toBe(1);
    expect(report.totals.openPorts).toBe(3);
    expect(told['portlog_unexpected_open_ports{site="lab",zone="dmz"}']).toBe(1);
    expect(told['portlog_unexpected_open_ports{site="lab",zone="unassigned"}']).toBe(1);
    for (const [level, found] of Object.entries(report.totals.findings))
      expect([level, told[`portlog_weaknesses{site="lab",level="${level}"}`]]).toEqual([level, found]);
  });

  test('sums over runs: what was there before counts as already, and what waits is delivered by a later run', async () => {
    const ok: { is: boolean } = { is: false };
    const server = await scriptedServer((seen, response) => {
      if (!ok.is) answer(response, 503, {});
      else if (seen.path.startsWith('/_bulk')) answer(response, 200, bulkAnswer(seen.body));
      else healthy(seen, response);
    });
    const to = ['--to', `elasticsearch=${server.url.href}`, '--retry-for-seconds', '0'];
    const of = async (metric: string, fate: string): Promise<number | undefined> =>
      Object.entries(await fileNumbers()).find(([name]) => name.startsWith(`${metric}{`) && name.includes(`fate="${fate}"`))?.[1];
    const find = async (metric: string): Promise<number | undefined> =>
      Object.entries(await fileNumbers()).find(([name]) => name.startsWith(metric))?.[1];
    await ship(...to);
    const spooled = await of('portlog_events_total', 'spooled');
    expect(spooled).toBeGreaterThan(0);
    expect(await find('portlog_sink_up')).toBe(0);
    expect(await find('portlog_spool_events')).toBeGreaterThanOrEqual(spooled ?? 0);
    expect(await find('portlog_spool_oldest_timestamp_seconds')).toBeGreaterThan(1e9);
    ok.is = true;
    await ship(...to);
    expect(await of('portlog_events_total', 'spooled')).toBe(spooled);
    expect(await find('portlog_spool_events')).toBe(0);
    expect(await of('portlog_replayed_events_total', 'delivered')).toBeGreaterThanOrEqual(spooled ?? 0);
    expect(await of('portlog_events_total', 'already')).toBeGreaterThan(0);
    expect(await find('portlog_sink_up')).toBe(1);
    await server.stop();
  });

  test('is written completely or not at all, and readable for node_exporter', async () => {
    await ship('--to', `file=${inHome('out')}`);
    expect(statSync(inHome('portlog.prom')).mode & 0o777).toBe(0o644);
    expect(readdirSync(home).filter((name) => name.startsWith('portlog.prom'))).toEqual(['portlog.prom']);
    chmodSync(inHome('portlog.prom'), 0o640);
    await ship('--to', `file=${inHome('out')}`);
    expect(statSync(inHome('portlog.prom')).mode & 0o777).toBe(0o640);
  });

  test('that is no .prom, or cannot be written, is a sentence; what was to be shipped is', async () => {
    const wrong = await portlog(['ship', inHome('scan.xml'), ...common(), '--metrics-file', inHome('portlog.txt')]);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('its name must end in .prom') });
    const lost = await portlog(['ship', inHome('scan.xml'), ...common(), '--to', `file=${inHome('out')}`, '--metrics-file', '/proc/none/x.prom']);
    expect(lost).toMatchObject({ code: 0, stderr: expect.stringContaining('metrics could not be written to /proc/none/x.prom: ') });
  });

  test('of watch --once contains directories', async () => {
    writeFileSync(join(inHome('scans'), 'a.xml'), SCAN);
    writeFileSync(inHome('portlog.yaml'), `directories: [{ path: ${inHome('scans')} }]\n`);
    const args = ['run', '--once', ...common(), '--config', inHome('portlog.yaml'), '--to', `file=${inHome('out')}`];
    expect(await portlog([...args, '--metrics-file', inHome('portlog.prom')])).toMatchObject({ code: 0 });
    expect(await fileNumbers()).toMatchObject({
      [`portlog_files_failed{directory="${inHome('scans')}"}`]: 0,
      'portlog_open_ports{site="lab",zone="dmz"}': 2,
    });
  });

  test('of a command that does not end is refused', async () => {
    expect(await portlog(['watch', inHome('scans'), ...common(), '--metrics-file', inHome('portlog.prom')])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--metrics-file is for commands that end by themselves'),
    });
  });

  test('of a configuration that is read by what does not end is not written, and that is said', async () => {
    writeFileSync(inHome('portlog.yaml'), `metrics: { file: ${inHome('portlog.prom')} }\ndirectories: [{ path: ${inHome('scans')} }]\n`);
    const child = startPortlog(['run', ...common(), '--config', inHome('portlog.yaml'), '--to', `file=${inHome('out')}`]);
    running.push(child);
    await untilPrinted(child, 'stderr', `metrics.file: ${inHome('portlog.prom')} is written with --once only`);
  });
});

describe('--metrics-listen', () => {
  async function watch(...more: readonly string[]): Promise<{ readonly url: string; readonly child: ChildProcess }> {
    const args = ['watch', inHome('scans'), ...common(), '--to', `file=${inHome('out')}`, '--poll-seconds', '0.1', '--metrics-listen', ...more];
    const child = startPortlog(args);
    running.push(child);
    let seen = '';
    const url = await new Promise<string>((resolve) => {
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        seen += text;
        const found = /metrics on (http:\S+)\/metrics/.exec(seen);
        if (found !== null) resolve(found[1] ?? '');
      });
    });
    return { url, child };
  }

  test('serves the numbers of the state, on this machine only, while portlog runs', async () => {
    const { url } = await watch('0');
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    writeFileSync(join(inHome('scans'), 'a.xml'), SCAN);
    const name = `portlog_events_total{sink="file ${inHome('out')}",fate="delivered"}`;
    const read = async (): Promise<Readonly<Record<string, number>>> => numbers(await (await fetch(`${url}/metrics`)).text());
    let told = await read();
    await until(async () => ((told = await read())[name] ?? 0) > 0);
    const written = (await readFile(inHome('out'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: { dataset: string } });
    expect(told[name]).toBe(written.filter(({ event }) => event.dataset !== 'nmap.health').length);
    expect(told).toMatchObject({ 'portlog_open_ports{site="lab",zone="dmz"}': 2, 'portlog_config_last_reload_successful': 1 });
  });

  test('reports liveness and readiness', async () => {
    const { url, child } = await watch('[::1]:0');
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    const alive = await fetch(`${url}/healthz`);
    expect([alive.status, await alive.text()]).toEqual([200, 'ok\n']);
    let ready = await fetch(`${url}/readyz`);
    await until(async () => (ready = await fetch(`${url}/readyz`)).status === 200);
    expect(await ready.text()).toBe(`state: open\nfirst look: done\nfile ${inHome('out')}: set up\n`);
    expect((await fetch(`${url}/other`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);
    child.kill('SIGTERM');
    expect((await finished(child)).code).toBe(0);
  });

  test('is not ready while a sink is not set up', async () => {
    const server = await scriptedServer((_, response) => answer(response, 401, { error: { reason: 'no such key' } }));
    const { url } = await watch('127.0.0.1:0', '--to', `elasticsearch=${server.url.href}`);
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.text()).toMatch(/^elasticsearch .*: .+$/m);
    await server.stop();
  });

  test.each(['x', '70000', '[::1]', '127.0.0.1:'])('that is no address is a sentence: %s', async (address) => {
    const args = ['watch', inHome('scans'), ...common(), '--to', `file=${inHome('out')}`, '--metrics-listen', address];
    expect(await portlog(args)).toMatchObject({ code: 2, stderr: expect.stringContaining(`--metrics-listen ${address}: there is no such address`) });
  });

  test('a port that is in use is reported in a sentence', async () => {
    const { url } = await watch('0');
    const address = url.slice('http://'.length);
    const args = ['watch', inHome('scans'), ...common(), '--to', `file=${inHome('out')}`, '--metrics-listen', address];
    expect(await portlog(args)).toMatchObject({ code: 2, stderr: expect.stringContaining(`metrics cannot be served on ${address}: `) });
  });
});
