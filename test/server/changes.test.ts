import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { finished, freshDir, portlog, startPortlog } from '../support/run-portlog.ts';
import { type BothServers, startBoth } from './both.ts';
import { Lab } from './lab.ts';

const A = '10.77.0.2';
const B = '10.77.0.3';
const TCP = ['-sS', '-sV', '--version-light', '-p', '22,80,443', '-v', `${A}-3`];
const UDP = ['-sU', '-p', '53,54', `${A}-3`];
const OLD = 'SSH-2.0-OpenSSH_9.2p1 Debian-2';
const NEW = 'SSH-2.0-OpenSSH_9.6p1 Debian-2';

let servers: BothServers;
let lab: Lab;
beforeAll(async () => {
  servers = await startBoth();
  lab = new Lab([A, B]);
});
afterAll(async () => {
  await lab?.stop();
  await servers?.stop();
});

/** Real scans, in the order in which they are made, and what a careful person would write about each. */
interface Step {
  readonly scan: string;
  readonly says: readonly string[];
}

async function sequence(): Promise<readonly Step[]> {
  const steps: Step[] = [];
  const then = (scan: string, ...says: readonly string[]): string => {
    steps.push({ scan, says });
    return scan;
  };
  await lab.open(A, '22/tcp', OLD);
  await lab.open(B, '80/tcp');
  await lab.open(A, '53/udp');
  const first = then(
    await lab.scan(...TCP),
    '2 hosts and 2 open ports seen for the first time, with nothing earlier to compare: taken as the baseline',
  );
  then(await lab.scan(...TCP));
  await lab.open(A, '443/tcp');
  then(await lab.scan(...TCP), `${A} 443/tcp opened (https), closed for AGE`);
  await lab.close(A, '443/tcp');
  then(await lab.scan(...TCP), `${A} 443/tcp closed (was https, open for AGE)`);
  await lab.open(A, '443/tcp');
  const held = await lab.scan(...TCP);
  then(await lab.scan(...TCP), `${A} 443/tcp reopened (https), last seen open AGE ago`);
  await lab.close(A, '22/tcp');
  await lab.open(A, '22/tcp', NEW);
  then(await lab.scan(...TCP), `${A} 22/tcp changed from ssh OpenSSH 9.2p1 Debian 2 (protocol 2.0) to ssh OpenSSH 9.6p1 Debian 2 (protocol 2.0)`);
  // Smaller: ports, then hosts.
  then(await lab.scan('-sS', '-p', '80', `${A}-3`));
  then(
    await lab.scan(...TCP.slice(0, -1), A),
    'the scan looked at less: 1 address, 2 the last time (AGE ago); nothing is known to have changed beyond that',
  );
  then(await lab.scanAndKill(1500, '-sS', '-p', '22,80,443', '--scan-delay', '1s', '-v', `${A}-3`));
  lab.filter(443);
  then(await lab.scan(...TCP), `${A} 443/tcp is no longer open: filtered (was https, open for AGE)`);
  lab.unfilter();
  then(await lab.scan(...TCP), `${A} 443/tcp reopened (https), last seen open AGE ago`);
  lab.down(B);
  then(await lab.scan(...TCP), `${B} is down, was up for AGE`);
  lab.up(B);
  then(await lab.scan(...TCP), `${B} is back, last seen AGE ago`);
  then(await lab.scan(...UDP), '1 open port seen for the first time, with nothing earlier to compare: taken as the baseline');
  await lab.open(B, '54/udp');
  await lab.close(A, '53/udp');
  then(await lab.scan(...UDP), `${A} 53/udp closed (was domain, open for AGE)`, `${B} 54/udp opened (xns-ch), closed for AGE`);
  // Again, and late.
  then(first);
  then(held);
  then(await lab.scan(...TCP));
  return steps;
}

/** Ages are what the clock was when the test ran. */
function timeless(message: string): string {
  return message.replaceAll(/\d+ (?:second|minute)s?/g, 'AGE').replaceAll('for less than AGE', 'for AGE');
}

/** Changes as both servers have them, oldest first. */
async function stored(site: string): Promise<{ readonly elasticsearch: readonly string[]; readonly second: readonly string[] }> {
  const { elasticsearch, second } = servers;
  await elasticsearch.ask('POST', '/logs-nmap.change-*/_refresh');
  const { body } = await elasticsearch.ask('POST', '/logs-nmap.change-*/_search', {
    size: 1000,
    query: { term: { 'nmap.site': site } },
    _source: ['message'],
  });
  // One that was killed between storing and noting it sends it again, and not every store can tell.
  const changes = (await second.events(site)).filter(({ dataset }) => dataset === 'nmap.change');
  const once = second.dedups ? changes : [...new Map(changes.map((change) => [change.id, change])).values()];
  return {
    elasticsearch: (body.hits.hits as { _source: { message: string } }[]).map(({ _source }) => timeless(_source.message)).sort(),
    second: once.map(({ message }) => timeless(message)).sort(),
  };
}

describe('real scans of hosts that open, close, filter, change and go', () => {
  let steps: readonly Step[];
  beforeAll(async () => {
    steps = await sequence();
  }, 10 * 60_000);
  const args = (site: string, state: string): string[] => [
    '--site',
    site,
    '--state-dir',
    state,
    '--to',
    `elasticsearch=${servers.elasticsearch.url}`,
    '--to',
    servers.second.to,
  ];

  test('both stores get exactly the changes that a careful person would report', { timeout: 5 * 60_000 }, async () => {
    const state = freshDir();
    const expected: string[] = [];
    for (const { scan, says } of steps) {
      const { stderr, code } = await portlog([...args('calm', state), scan], { env: servers.env });
      expect([0, 1], stderr).toContain(code);
      expected.push(...says);
      const found = await stored('calm');
      expect([scan, found.elasticsearch], readFileSync(scan, 'utf8')).toEqual([scan, expected.toSorted()]);
      expect(found.second).toEqual(found.elasticsearch);
    }
  });

  test('killed at any moment of each of them, and shipped again: the same', { timeout: 10 * 60_000 }, async () => {
    const state = freshDir();
    let killed = 0;
    for (const { scan } of steps) {
      const child = startPortlog([...args('killed', state), scan], { env: servers.env });
      const ended = finished(child);
      const timer = setTimeout(() => child.kill('SIGKILL'), 150 + Math.random() * 350);
      killed += (await ended).code === null ? 1 : 0;
      clearTimeout(timer);
      const { stderr, code } = await portlog([...args('killed', state), scan], { env: servers.env });
      expect([0, 1], stderr).toContain(code);
    }
    expect(killed).toBeGreaterThan(steps.length / 4);
    const expected = steps.flatMap(({ says }) => says).toSorted();
    expect(await stored('killed')).toEqual({ elasticsearch: expected, second: expected });
  });

  test('what is open now stands in the inventory of Elasticsearch, and in that of portlog', async () => {
    const state = freshDir();
    for (const { scan } of steps) await portlog([...args('inventory', state), scan], { env: servers.env });
    await servers.elasticsearch.ask('POST', '/nmap-inventory-*/_refresh');
    const { body } = await servers.elasticsearch.ask('POST', '/nmap-inventory-*/_search', {
      size: 100,
      query: { bool: { filter: [{ term: { 'nmap.site': 'inventory' } }, { term: { 'nmap.inventory.kind': 'port' } }] } },
    });
    const found = (body.hits.hits as { _source: any }[]).map(
      ({ _source: { server, network, nmap } }) => `${server.ip} ${server.port}/${network.transport} ${nmap.inventory.state}`,
    );
    expect(found.toSorted()).toEqual([`${A} 22/tcp open`, `${A} 443/tcp open`, `${A} 53/udp closed`, `${B} 54/udp open`, `${B} 80/tcp open`]);
    const { stdout } = await portlog(['inventory', '--state-dir', state, '--format', 'json']);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { host: string; port: number; transport: string; state: string });
    const known = rows.map(({ host, port, transport, state: word }) => `${host} ${port}/${transport} ${word}`);
    expect(known.toSorted()).toEqual(found.filter((row) => row.endsWith('open')).toSorted());
  });

  test('ndiff finds the same real changes, and false ones that are not here', async () => {
    const run = promisify(execFile);
    const ndiff = async (a: string, b: string): Promise<string> =>
      (await run('ndiff', [a, b]).catch((error: unknown) => error as { stdout: string })).stdout;
    const ours = async (a: string, b: string): Promise<string[]> =>
      (await portlog(['diff', '--format', 'json', a, b])).stdout
        .split('\n')
        .flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { message: string }).message]));
    const scans = steps.map(({ scan }) => scan);
    const [, same = '', opened = '', closed = '', , versioned = '', fewerPorts = '', fewerHosts = ''] = scans;
    expect(await ndiff(same, opened)).toMatch(/^\+443\/tcp\s+open/m);
    expect(await ours(same, opened)).toEqual([`${A} 443/tcp opened (https), was closed`]);
    expect(await ndiff(opened, closed)).toMatch(/^-443\/tcp\s+open/m);
    expect(await ours(opened, closed)).toEqual([`${A} 443/tcp closed (was https)`]);
    // Smaller scans: ndiff closes ports and loses hosts.
    expect(await ndiff(versioned, fewerPorts)).toMatch(/^-443\/tcp/m);
    expect(await ours(versioned, fewerPorts)).toEqual([]);
    expect(await ndiff(versioned, fewerHosts)).toMatch(new RegExp(`^-.*${B.replaceAll('.', '\\.')}`, 'm'));
    expect(await ours(versioned, fewerHosts)).toEqual([]);
  });

  test('a file that is cut in the middle of a host closes nothing, and that it is cut is said', async () => {
    const state = freshDir();
    const [, , opened, closed] = steps.map(({ scan }) => scan);
    await portlog([...args('cut', state), opened ?? ''], { env: servers.env });
    const text = readFileSync(closed ?? '', 'utf8');
    const cut = join(freshDir(), 'cut.xml');
    writeFileSync(cut, text.slice(0, text.indexOf('<ports>')));
    const { stderr, code } = await portlog([...args('cut', state), cut], { env: servers.env });
    expect([code, stderr]).toEqual([1, expect.stringContaining('scan incomplete')]);
    expect((await stored('cut')).elasticsearch).toHaveLength(1);
  });
});
