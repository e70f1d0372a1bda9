import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { ALERT_RULES } from '../../src/alert/rules.ts';
import { RULES } from '../../src/finding/registry.ts';
import { portlog, portlogHere } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';
import { scriptedServer } from '../support/scripted-server.ts';
import { freePort } from '../server/ports.ts';
import { asked, named, scanOf, type Story } from '../support/story.ts';

const WEB = asked(80, 'http', 'nginx', '1.26.0');
const at = (daysAgo: number, more: readonly string[] = []): Story[number] => ({
  daysAgo,
  hosts: [
    { ip: '192.0.2.10', ports: [WEB, ...more] },
    { ip: '203.0.113.10', ports: [WEB, ...more] },
  ],
});
const STORY: Story = [at(14), at(7), at(1, [asked(22, 'ssh', 'OpenSSH', '9.9'), asked(23, 'telnet'), named(7777, 'cbt')])];
const EXPOSURE = `
networks:
  - { network: 192.0.2.0/24, zone: lan }
  - { network: 203.0.113.0/24, zone: dmz, external: true }
expected: none
`;

interface Event {
  readonly event: { readonly dataset: string; readonly action: string; readonly severity: number };
  readonly nmap: { readonly zone?: string; readonly site: string };
  readonly rule?: { readonly id: string };
}

let folder: string;
let scans: readonly string[];
beforeAll(() => {
  folder = freshDir();
  writeFileSync(join(folder, 'exposure.yaml'), EXPOSURE);
  scans = STORY.map((scan, i) => {
    const file = join(folder, `${i}.xml`);
    writeFileSync(file, scanOf(scan, Date.now()));
    return file;
  });
});

/** What a file gets that is narrowed so, and what the summary says of it. */
async function shipped(only: string, more: string = ''): Promise<{ readonly events: readonly Event[]; readonly read: number }> {
  const own = freshDir();
  const [config, out] = [join(own, 'portlog.yaml'), join(own, 'out.ndjson')];
  writeFileSync(config, `exposure: ${join(folder, 'exposure.yaml')}\nsinks:\n  - { type: file, path: ${out}, only: ${only}${more} }\n`);
  const { code, stderr } = await portlog(['--config', config, '--state-dir', join(own, 'state'), '--json', ...scans]);
  expect([code, stderr]).toEqual([0, expect.anything()]);
  const { sinks } = JSON.parse(stderr.trim().split('\n').at(-1)!) as { sinks: [{ read: number }] };
  const events = (existsSync(out) ? readFileSync(out, 'utf8') : '')
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Event);
  return { events, read: sinks[0].read };
}

describe('only', () => {
  test('datasets, which count as read no more than what is not meant', async () => {
    const { events, read } = await shipped('{ datasets: [nmap.change] }');
    expect(new Set(events.map(({ event }) => event.dataset))).toEqual(new Set(['nmap.change']));
    expect(read).toBe(events.length);
  });

  test('rules, of alerts and of weaknesses', async () => {
    const alerts = await shipped('{ rules: [new-open-port] }');
    expect(alerts.events.map(({ event }) => event.action)).toEqual(Array.from({ length: 6 }, () => 'port-opened'));
    const weaknesses = await shipped('{ rules: [nmap-service-telnet] }');
    expect(new Set(weaknesses.events.map(({ event }) => event.action))).toEqual(new Set(['finding-observed', 'finding-opened']));
  });

  test('a severity at least, of the event or of the alert that it raises', async () => {
    const { events } = await shipped('{ minSeverity: critical }');
    expect(events.length).toBeGreaterThan(0);
    // SSH outside: that a port opens is of medium severity, the alert is not.
    expect(events.some(({ event, nmap }) => event.severity < 99 && nmap.zone === 'dmz')).toBe(true);
    expect(events.every(({ event, nmap }) => event.severity >= 99 || nmap.zone === 'dmz')).toBe(true);
  });

  test('zones, which say nothing of what is about no host', async () => {
    const { events } = await shipped('{ zones: [dmz] }');
    expect(new Set(events.map(({ nmap }) => nmap.zone))).toEqual(new Set(['dmz', undefined]));
    expect(new Set(events.filter(({ nmap }) => nmap.zone === undefined).map(({ event }) => event.dataset))).toEqual(
      new Set(['nmap.scan', 'nmap.change', 'nmap.health']),
    );
  });

  test('sites', async () => {
    expect((await shipped('{ sites: [default] }')).events.length).toBeGreaterThan(0);
    expect((await shipped('{ sites: [berlin] }')).events).toEqual([]);
  });

  test('several at once must all be met', async () => {
    const { events } = await shipped('{ datasets: [nmap.change], rules: [new-open-port], zones: [dmz] }');
    expect(events.map(({ event, nmap }) => [event.action, nmap.zone])).toEqual([
      ['port-opened', 'dmz'],
      ['port-opened', 'dmz'],
      ['port-opened', 'dmz'],
    ]);
  });

  test('two destinations at one address have names and numbers of their own', async () => {
    const own = freshDir();
    const [config, metrics] = [join(own, 'portlog.yaml'), join(own, 'portlog.prom')];
    const sinks = ['only: { minSeverity: critical }', 'datasets: [nmap.port]'].map(
      (bounds) => `{ type: http, url: "http://127.0.0.1:1/x", ${bounds} }`,
    );
    writeFileSync(config, `sinks: [${sinks.join(', ')}]\n`);
    const { stderr } = await portlog([
      '--config',
      config,
      '--state-dir',
      join(own, 'state'),
      '--metrics-file',
      metrics,
      '--retry-for-seconds',
      '0',
      scans[0]!,
    ]);
    const sums = [...stderr.matchAll(/portlog: (http \S+ \(\S+\)): read (\d+) =/g)].map(
      ([, name, read]) => `portlog_events_read_total{sink="${name}"} ${read}`,
    );
    expect(sums).toEqual([expect.stringContaining('(only=severity:critical)'), expect.stringContaining('(datasets=nmap.port)')]);
    const told = readFileSync(metrics, 'utf8').split('\n');
    expect(told).toEqual(expect.arrayContaining(sums));
    expect(told.filter((line) => line.startsWith('portlog_spool_events{')).length).toBe(2);
  });

  test('datasets that a kind of sink never gets are refused', async () => {
    const config = join(freshDir(), 'portlog.yaml');
    writeFileSync(config, `sinks: [{ type: file, path: ${join(freshDir(), 'out')}, datasets: [nmap.host, nmap.inventory] }]\n`);
    const { code, stderr } = await portlog(['--config', config, '--state-dir', freshDir(), scans[0]!]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('the sink "file" never gets nmap.inventory')]);
  });

  test('several at one address do not become one: each is named', async () => {
    const [own, port] = [freshDir(), await freePort()];
    const config = join(own, 'portlog.yaml');
    const url = `http://127.0.0.1:${port}/x`;
    const state = ['--state-dir', join(own, 'state'), '--retry-for-seconds', '0'];
    writeFileSync(config, `sinks: [{ type: http, url: "${url}" }, { type: http, url: "${url}", datasets: [nmap.port] }]\n`);
    await portlog(['--config', config, ...state, scans[0]!]);
    const server = await scriptedServer((_, response) => void response.writeHead(200).end());
    const to = ['--to', `http=${server.url.href}`];
    const both = await portlog(['replay', '--from', `http=${url}`, ...to, ...state]);
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining(`--from 'http=${url} (datasets=nmap.port)'`)]);
    expect(server.seen).toEqual([]);
    const one = await portlog(['replay', '--from', `http=${url} (datasets=nmap.port)`, ...to, ...state]);
    expect([one.code, one.stderr]).toEqual([0, expect.stringMatching(/replayed.*delivered 2|delivered 2/)]);
    const rest = await portlog(['replay', '--from', `http=${url}`, ...to, ...state]);
    expect(rest.code).toBe(0);
    await server.stop();
  });

  test('standard output, too', async () => {
    const config = join(freshDir(), 'portlog.yaml');
    writeFileSync(config, 'sinks: [{ type: stdout, only: { datasets: [nmap.host] } }]\n');
    const { stdout } = await portlog(['--config', config, '--quiet', scans[0]!]);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as Event).event.dataset),
    ).toEqual(['nmap.host', 'nmap.host']);
  });

  test('waiting events are replayed unchanged', async () => {
    const own = freshDir();
    const port = await freePort();
    const [config, state] = [join(own, 'portlog.yaml'), join(own, 'state')];
    const to = (only: string): void =>
      writeFileSync(config, `sinks:\n  - { type: http, url: 'http://127.0.0.1:${port}/nmap', compression: none, only: ${only} }\n`);
    to('{ datasets: [nmap.host], sites: [default] }');
    expect((await portlog(['--config', config, '--state-dir', state, '--retry-for-seconds', '0', scans[0]!])).code).toBe(5);
    const server = await scriptedServer((_, response) => void response.writeHead(200).end(), port);
    // What it is for has been changed meanwhile.
    to('{ rules: [new-host] }');
    const { code } = await portlog(['replay', '--config', config, '--state-dir', state]);
    await server.stop();
    const posted = server.seen.filter(({ method }) => method === 'POST').flatMap(({ body }) => body.trim().split('\n'));
    expect([code, posted.map((line) => (JSON.parse(line) as Event).event.dataset)]).toEqual([0, ['nmap.host', 'nmap.host']]);
  });

  test('check says what each gets', async () => {
    const own = freshDir();
    const config = join(own, 'portlog.yaml');
    const only = '{ rules: [new-host], minSeverity: high, sites: [berlin] }';
    writeFileSync(config, `sinks:\n  - { type: file, path: ${join(own, 'out')}, datasets: [nmap.change], only: ${only} }\n`);
    const { stdout } = await portlog(['check', '--config', config, '--state-dir', join(own, 'state')]);
    expect(stdout).toContain(
      'gets only what is of nmap.change, and of the rules new-host, and of severity high or more, itself or by an alert that it raises, and of the sites berlin',
    );
  });
});

test.each([
  ['{ rules: [new-open-prot] }', '', 'sinks.0.only.rules: there is no rule "new-open-prot"', 'did you mean "new-open-port"?'],
  ['{ zones: [dmx] }', '', 'sinks.0.only.zones: there is no zone "dmx"', 'did you mean "dmz"?'],
  ['{ sites: [berln] }', 'sites: { berlin: { maxAgeHours: 30 } }\n', 'sinks.0.only.sites: there is no site "berln"', 'did you mean "berlin"?'],
  ['{ datasets: [nmap.chnge] }', '', 'sinks.0.only.datasets.0: must be one of', 'did you mean "nmap.change"?'],
  ['{ minSeverity: hihg }', '', 'sinks.0.only.minSeverity: must be one of', 'did you mean "high"?'],
  ['{ severity: high }', '', 'sinks.0.only.severity: there is no such setting', 'did you mean "minSeverity"?'],
  ['{ datasets: [nmap.host] }, datasets: [nmap.change]', '', 'sinks.0.only.datasets: none of them is among the datasets of the sink', ''],
])('%s is refused with the nearest right name', async (only, more, sentence, hint) => {
  const config = join(freshDir(), 'portlog.yaml');
  writeFileSync(config, `exposure: ${join(folder, 'exposure.yaml')}\n${more}sinks:\n  - { type: file, path: x, only: ${only} }\n`);
  const { code, stderr } = await portlogHere(['check', '--config', config]);
  expect(stderr).toContain(sentence);
  expect(stderr).toContain(hint);
  expect(code).toBe(2);
});

test('no id is both of an alert rule and of a weakness', () => {
  const alerts = new Set(ALERT_RULES.map(({ id }) => id));
  expect(RULES.filter(({ id }) => alerts.has(id))).toEqual([]);
});
