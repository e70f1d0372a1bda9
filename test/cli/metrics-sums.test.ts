import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { portlog } from '../support/run-in-process.ts';
import { finished, freshDir, startPortlog, until } from '../support/run-portlog.ts';

/* Numbers for Prometheus through a few weeks of two sites, each time against what was delivered, what the inventory lists and what waits. */

const home = freshDir();
const inHome = (name: string): string => join(home, name);
const state = ['--state-dir', inHome('state')];
const FILE = `file ${inHome('out')}`;
const EXPOSURE = `
networks: [{ network: 192.0.2.0/25, zone: dmz }]
expected: [{ hosts: [192.0.2.1], ports: [80/tcp], reason: shop }]
`;

type Ports = Readonly<Record<number, 'open' | 'closed'>>;

function scanOf(day: number, hosts: Readonly<Record<string, Ports | 'down'>>): string {
  const start = 1_760_000_000 + day * 86_400;
  const elements = Object.entries(hosts).map(([ip, ports]) => {
    const listed = ports === 'down' ? [] : Object.entries(ports);
    const all = listed.map(([number, is]) => `<port protocol="tcp" portid="${number}"><state state="${is}" reason="x"/></port>`).join('');
    return `<host starttime="${start}" endtime="${start + 5}"><status state="${ports === 'down' ? 'down' : 'up'}" reason="x"/><address addr="${ip}" addrtype="ipv4"/><ports>${all}</ports></host>`;
  });
  const down = Object.values(hosts).filter((ports) => ports === 'down').length;
  return `<nmaprun scanner="nmap" version="7.93" args="nmap -v -p 1-1000 192.0.2.1-255" start="${start}"><scaninfo type="syn" protocol="tcp" numservices="1000" services="1-1000"/><verbose level="1"/>
${elements.join('')}<runstats><finished time="${start + 60}" elapsed="60" exit="success"/><hosts up="${elements.length - down}" down="${down}" total="${elements.length}"/></runstats></nmaprun>`;
}

async function ship(site: string, text: string, to: readonly string[] = ['--to', `file=${inHome('out')}`], code = 0): Promise<void> {
  writeFileSync(inHome('scan.xml'), text);
  const more = ['--exposure', inHome('exposure.yaml'), '--metrics-file', inHome('portlog.prom'), '--site', site];
  expect(await portlog([inHome('scan.xml'), ...state, ...to, ...more])).toMatchObject({ code });
}

type Numbers = Readonly<Record<string, number>>;

function numbersIn(text: string): Numbers {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

const told = (): Numbers => numbersIn(readFileSync(inHome('portlog.prom'), 'utf8'));

function sumOf(numbers: Numbers, metric: string, ...labels: readonly string[]): number {
  const series = Object.entries(numbers).filter(([name]) => name.startsWith(`${metric}{`) && labels.every((label) => name.includes(label)));
  return series.reduce((sum, [, value]) => sum + value, 0);
}

/** What holds at any time; sums are told of the sinks that the command has named. */
async function expectSums(numbers: Numbers, sink: string): Promise<void> {
  const sum = (metric: string, fate: string): number => sumOf(numbers, metric, `sink="${sink}"`, fate);
  if (sink === FILE) {
    const delivered = ['events', 'own_events', 'replayed_events'].map((what) => sum(`portlog_${what}_total`, 'fate="delivered"'));
    expect(delivered.reduce((a, b) => a + b)).toBe(readFileSync(inHome('out'), 'utf8').trim().split('\n').length);
  }
  expect(sum('portlog_events_total', '')).toBe(sum('portlog_events_read_total', ''));
  // What was left on disk has come to something since, or waits.
  const left = sum('portlog_events_total', 'fate="spooled"') + sum('portlog_own_events_total', 'fate="spooled"');
  expect(sum('portlog_replayed_events_total', '') + sum('portlog_spool_events', '')).toBe(left);
  const rows = JSON.parse(`[${(await portlog(['inventory', '--format', 'json', ...state])).stdout.trim().split('\n').join(',')}]`) as {
    host_state: string;
    port: number | null;
  }[];
  expect(sumOf(numbers, 'portlog_open_ports')).toBe(rows.filter((row) => row.port !== null && row.host_state === 'up').length);
}

const of = (metric: string, site: string, label: string): string => `${metric}{site="${site}",${label}}`;

test('two sites, zones, a host that is gone, weaknesses that are over', async () => {
  mkdirSync(home, { recursive: true });
  writeFileSync(inHome('exposure.yaml'), EXPOSURE);
  await ship('a', scanOf(0, { '192.0.2.1': { 80: 'open', 23: 'open' }, '192.0.2.200': { 443: 'open' } }));
  await ship('b', scanOf(0, { '192.0.2.1': { 80: 'open' } }));
  await expectSums(told(), FILE);
  expect(told()).toMatchObject({
    [of('portlog_open_ports', 'a', 'zone="dmz"')]: 2,
    [of('portlog_open_ports', 'a', 'zone="unassigned"')]: 1,
    [of('portlog_open_ports', 'b', 'zone="dmz"')]: 1,
    [of('portlog_unexpected_open_ports', 'a', 'zone="dmz"')]: 1,
    [of('portlog_unexpected_open_ports', 'a', 'zone="unassigned"')]: 1,
  });
  const before = sumOf(told(), 'portlog_weaknesses', 'site="a"');
  await ship('a', scanOf(1, { '192.0.2.1': { 80: 'open', 23: 'closed' }, '192.0.2.200': 'down' }));
  await expectSums(told(), FILE);
  expect(told()).toMatchObject({
    [of('portlog_hosts', 'a', 'state="up"')]: 1,
    [of('portlog_hosts', 'a', 'state="down"')]: 1,
    [of('portlog_open_ports', 'a', 'zone="dmz"')]: 1,
    [of('portlog_open_ports', 'a', 'zone="unassigned"')]: 0,
    [of('portlog_unexpected_open_ports', 'a', 'zone="dmz"')]: 0,
  });
  expect(before).toBeGreaterThan(0);
  expect(sumOf(told(), 'portlog_weaknesses', 'site="a"')).toBe(0);
  // The same again is there already.
  await ship('a', scanOf(1, { '192.0.2.1': { 80: 'open', 23: 'closed' }, '192.0.2.200': 'down' }));
  await expectSums(told(), FILE);
  expect(sumOf(told(), 'portlog_events_total', `sink="${FILE}"`, 'fate="already"')).toBe(3);
});

test('a site that was forgotten has no numbers', async () => {
  await portlog(['inventory', '--forget', '--site', 'b', '--yes', ...state]);
  await ship('a', scanOf(2, { '192.0.2.1': { 80: 'open' } }));
  expect(Object.keys(told()).filter((name) => name.includes('site="b"'))).toEqual([]);
  await expectSums(told(), FILE);
});

test.for(['http', 'elasticsearch', 'opensearch'])('waiting events for %s, sent later or deleted by hand, have one fate', async (type) => {
  const to = ['--to', `${type}=http://127.0.0.1:1/`, '--retry-for-seconds', '0'];
  const down = `${type} http://127.0.0.1:1`;
  await ship('a', scanOf(3, { '192.0.2.1': { 80: 'open' } }), to, 5);
  await expectSums(told(), down);
  const waiting = sumOf(told(), 'portlog_spool_events', `sink="${down}"`);
  expect(waiting).toBeGreaterThan(0);
  await portlog(['replay', '--purge', '--yes', ...state]);
  await ship('a', scanOf(4, { '192.0.2.1': { 80: 'open' } }), to, 5);
  await expectSums(told(), down);
  expect(sumOf(told(), 'portlog_replayed_events_total', `sink="${down}"`, 'fate="discarded"')).toBe(waiting);
});

test('a running service reports the same sums as finished runs, and continues them', async () => {
  mkdirSync(inHome('scans'));
  await ship('a', scanOf(5, { '192.0.2.1': { 80: 'open' } }));
  const before = told();
  const args = ['watch', inHome('scans'), ...state, '--to', `file=${inHome('out')}`, '--site', 'a', '--poll-seconds', '0.1', '--metrics-listen', '0'];
  const child = startPortlog([...args, '--exposure', inHome('exposure.yaml')]);
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  await until(() => /metrics on (\S+)/.test(stderr));
  const now = async (): Promise<Numbers> => numbersIn(await (await fetch(/metrics on (\S+)/.exec(stderr)?.[1] ?? '')).text());
  const name = `portlog_events_total{sink="${FILE}",fate="delivered"}`;
  expect((await now())[name]).toBe(before[name]);
  expect((await now())[of('portlog_open_ports', 'a', 'zone="dmz"')]).toBe(1);
  writeFileSync(inHome('scans/a.xml'), scanOf(6, { '192.0.2.1': { 80: 'open', 22: 'open' } }));
  // It says so first, and counts then.
  await until(async () => stderr.includes('= delivered') && (await now())[of('portlog_open_ports', 'a', 'zone="dmz"')] === 2);
  await expectSums(await now(), FILE);
  child.kill('SIGTERM');
  await finished(child);
});
