import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import schema from '../../schemas/config.schema.json' with { type: 'json' };
import { freshDir, startPortlog, until } from '../support/run-portlog.ts';
import { fixture, host, scan } from '../support/scans.ts';

/* SIGHUP, and each setting of the file: it counts from then on, or a sentence says that it does after a restart. */

const home = freshDir();
const inHome = (name: string): string => join(home, name);
/** Nobody listens there. */
const DOWN = 'http://127.0.0.1:1/';

interface Written {
  readonly '@timestamp': string;
  readonly 'event': { readonly dataset: string; readonly action: string };
  readonly 'agent'?: { readonly name: string };
  readonly 'data_stream': { readonly namespace: string };
  readonly 'tags'?: readonly string[];
  readonly 'labels'?: object;
  readonly 'server'?: { readonly address?: string; readonly port?: number };
  readonly 'rule'?: { readonly id: string };
  readonly 'host': { readonly ip: readonly string[] };
  readonly 'nmap': any;
  readonly 'message': string;
}

let child: ChildProcess;
let stderr = '';
let written: readonly Written[] = [];
let metrics = '';
let later = '';
let url = '';
let tookMs = 0;
let reloaded = 0;

function configure(more: object): void {
  const all = { stateDir: inHome('state'), metrics: { listen: '0' }, sinks: [{ type: 'file', path: inHome('before') }], ...more };
  // JSON is YAML.
  writeFileSync(inHome('portlog.yaml'), JSON.stringify(all));
}

const begin = 1_760_000_000;
/** Of a day, with a host whose network card stays, whatever its address is. */
function dayOf(day: number, inside: string): string {
  return scan(inside).replaceAll(/17600000(\d\d)/g, (_, seconds: string) => String(begin + day * 86_400 + Number(seconds)));
}
const card = '<address addr="00:11:22:33:44:55" addrtype="mac"/>';
const ssh = (version: string): string =>
  `<port protocol="tcp" portid="22"><state state="open" reason="syn-ack"/><service name="ssh" product="OpenSSH" version="${version}" method="probed" conf="10"/></port>`;
const own = '<port protocol="tcp" portid="9999"><state state="open" reason="syn-ack"/></port>';
const portIn = (number: number, state: string): string => `<port protocol="tcp" portid="${number}"><state state="${state}" reason="reset"/></port>`;
const ports = (...all: readonly string[]): string =>
  `<scaninfo type="syn" protocol="tcp" numservices="5" services="22,80,443,8080,9999"/>`.slice(0, 0) + `<ports>${all.join('')}</ports>`;

const CHANGED = {
  site: 'hamburg',
  sensor: 'branch-3',
  namespace: 'other',
  tags: ['reloaded'],
  labels: { team: 'blue' },
  all: true,
  stateDir: inHome('elsewhere'),
  retryForSeconds: 1,
  // Less than a scan: what has no room is given up, instead of the rest of the scan.
  spool: { maxMib: 0.01, maxAgeDays: 3, whenFull: 'drop-oldest' },
  intelDir: inHome('intel'),
  exposure: inHome('exposure.yaml'),
  findings: {
    guesses: 'alert',
    rules: { 'nmap-service-telnet': { severity: 'critical' } },
    services: [{ id: 'own-thing', name: 'A thing of our own', ports: ['9999/tcp'], severity: 'high', why: 'x', remedy: 'y' }],
  },
  changes: { confirmScans: 2, massChange: 1, service: 'product', macNetworks: ['198.51.100.0/24'] },
  sites: { hamburg: { maxAgeHours: 48 } },
  metrics: { listen: '1', file: inHome('x.prom') },
  schedules: [{ name: 'weekly', cron: '0 3 * * 0', nmap: ['-sV', '192.0.2.1'] }],
  directories: [{ path: inHome('b') }],
  sinks: [
    { type: 'file', path: inHome('after') },
    { type: 'http', url: DOWN },
  ],
};

beforeAll(async () => {
  for (const name of ['a', 'b', 'intel']) mkdirSync(inHome(name));
  writeFileSync(inHome('exposure.yaml'), 'networks: [{ network: 192.0.2.0/24, zone: dmz }]\nexpected: []\n');
  writeFileSync(
    inHome('intel/known_exploited_vulnerabilities.json'),
    JSON.stringify({
      catalogVersion: '2026.01.01',
      dateReleased: '2026-01-01T00:00:00Z',
      vulnerabilities: [{ cveID: 'CVE-2018-1312', dateAdded: '2026-01-01' }],
    }),
  );
  configure({ directories: [{ path: inHome('a') }] });
  child = startPortlog(['run', '--config', inHome('portlog.yaml'), '--poll-seconds', '0.1']);
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  await until(() => stderr.includes('watching ') && /metrics on \S+/.test(stderr));
  url = /metrics on (\S+)/.exec(stderr)?.[1] ?? '';
  configure(CHANGED);
  child.kill('SIGHUP');
  await until(() => stderr.includes('was reloaded and is in effect'));
  const began = performance.now();
  await ship(
    '1.xml',
    dayOf(
      0,
      host('192.0.2.1', ports(ssh('9.2'), portIn(80, 'open'), portIn(443, 'closed'), portIn(8080, 'closed'))) +
        host('198.51.100.7', card + ports(own)),
    ),
  );
  await ship(
    '2.xml',
    dayOf(
      1,
      host('192.0.2.1', ports(ssh('9.6'), portIn(80, 'closed'), portIn(443, 'open'), portIn(8080, 'open'))) +
        host('198.51.100.9', card + ports(own, portIn(23, 'open'))),
    ),
  );
  await ship('3.xml', fixture('vulners-prefix.xml').toString());
  metrics = await told();
  tookMs = performance.now() - began;
  // What has waited for longer than a second is too old now.
  configure({ ...CHANGED, spool: { maxMib: 7, maxAgeDays: 0.00001 } });
  child.kill('SIGHUP');
  await until(() => stderr.split('was reloaded and is in effect').length === 3);
  reloaded = Date.now();
  // The time that counts is what runs have seen passing, so it takes a few of them.
  for (let day = 3; day < 20 && !(oldestIn(later) > reloaded / 1000); day++) {
    await wait(500);
    await ship(`${day + 1}.xml`, dayOf(day, host('192.0.2.1')));
    later = await told();
  }
}, 300_000);
afterAll(() => child.kill('SIGKILL'));

async function told(): Promise<string> {
  return (await fetch(url)).text();
}

async function ship(name: string, text: string): Promise<void> {
  const before = (stderr.match(/= delivered/g) ?? []).length;
  writeFileSync(inHome(`b/${name}`), text);
  await until(() => (stderr.match(/= delivered/g) ?? []).length > before);
  written = readFileSync(inHome('after'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Written);
}

const events = (action: string): readonly Written[] => written.filter(({ event }) => event.action === action);
const observed = (): Written | undefined =>
  events('host-observed').find(({ server, nmap }) => nmap !== undefined && server === undefined) ?? events('host-observed')[0];
const waitsForRestart = (setting: string): void => expect(stderr).toContain(`${setting} was changed: this takes effect after a restart`);

const oldestIn = (text: string): number => Number(/^portlog_spool_oldest_timestamp_seconds\{sink="http [^"]*"\} (\S+)/m.exec(text)?.[1]);

/** What each setting has changed. */
const COUNTS: Readonly<Record<string, () => void | Promise<void>>> = {
  'site': () => expect(observed()?.nmap.site).toBe('hamburg'),
  'sensor': () => expect(observed()?.agent?.name).toBe('branch-3'),
  'namespace': () => expect(observed()?.data_stream.namespace).toBe('other'),
  'tags': () => expect(observed()?.tags).toContain('reloaded'),
  'labels': () => expect(observed()?.labels).toEqual({ team: 'blue' }),
  'all': () => expect(events('port-observed').some(({ nmap }) => nmap.port.state === 'closed')).toBe(true),
  'stateDir': () => {
    waitsForRestart('stateDir');
    expect(existsSync(inHome('elsewhere'))).toBe(false);
  },
  // A minute for each scan, as it is by itself, would be more.
  'retryForSeconds': () => expect(tookMs).toBeLessThan(60_000),
  'spool.maxMib': () => expect(metrics).toContain(`portlog_spool_limit_bytes ${0.01 * (1 << 20)}\n`),
  // Of what came before nothing waits any more.
  'spool.maxAgeDays': () => expect(oldestIn(later)).toBeGreaterThan(reloaded / 1000),
  'spool.whenFull': () => expect(metrics).toMatch(/^portlog_events_total\{sink="http [^"]*",fate="discarded"\} [1-9]/m),
  'intelDir': () =>
    expect(events('finding-observed').find(({ message }) => message.includes('CVE-2018-1312'))?.nmap.finding).toMatchObject({
      kev: { ransomware: false },
    }),
  'exposure': () => expect(events('host-observed').map(({ nmap }) => nmap.zone)).toContain('dmz'),
  'findings.guesses': () => expect(events('finding-opened').some(({ rule }) => rule?.id === 'nmap-service-telnet')).toBe(true),
  'findings.rules': () =>
    expect(events('finding-observed').find(({ rule }) => rule?.id === 'nmap-service-telnet')?.nmap.finding.level).toBe('critical'),
  'findings.services': () => expect(events('finding-observed').some(({ rule }) => rule?.id === 'own-thing')).toBe(true),
  'changes.confirmScans': () => expect(events('port-closed')).toEqual([]),
  'changes.massChange': () => expect(events('mass-change').length).toBeGreaterThan(0),
  'changes.service': () => expect(events('service-changed')).toEqual([]),
  'changes.macNetworks': () => {
    const entities = ['198.51.100.7', '198.51.100.9'].map(
      (ip) => events('host-observed').find(({ host: about }) => about.ip.includes(ip))?.nmap.entity.id,
    );
    expect(entities).toEqual([expect.any(String), entities[0]]);
  },
  'sites': () => expect(metrics).toContain('portlog_scan_max_age_seconds{site="hamburg"} 172800\n'),
  'metrics.listen': () => waitsForRestart('metrics.listen'),
  // Of what ends by itself.
  'metrics.file': () => expect(existsSync(inHome('x.prom'))).toBe(false),
  'schedules': () => expect(metrics).toMatch(/^portlog_schedule_next_due_timestamp_seconds\{schedule="weekly"\} \d/m),
  'directories': () => expect(metrics).toContain(`portlog_files_failed{directory="${inHome('b')}"} 0\n`),
  'sinks': () => expect(existsSync(inHome('before'))).toBe(false),
};

test.for(Object.entries(COUNTS))('%s', ([, counts]) => counts());

test('no setting is left out', () => {
  const { properties } = schema as { readonly properties: Readonly<Record<string, { readonly type?: string; readonly properties?: object }>> };
  const settings = Object.entries(properties).flatMap(([name, { properties: within }]) =>
    within === undefined ? [name] : Object.keys(within).map((inner) => `${name}.${inner}`),
  );
  expect(Object.keys(COUNTS).toSorted()).toEqual(settings.toSorted());
});
