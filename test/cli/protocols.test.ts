import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { portlog } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';
import { FOOTER, host, port, scan as scanOf } from '../support/scans.ts';

/* `nmap -sO` lists protocols where ports are listed, masscan its pings: what answers there is no open port, whoever counts. */

const one = (number: number): string => `<port protocol="ip" portid="${number}"><state state="open" reason="proto-response"/></port>`;
const protocols = (...numbers: readonly number[]): string => `<ports>${numbers.map(one).join('')}</ports>`;
const scan = (inside: string): string => scanOf(inside).replace(FOOTER, FOOTER.replace('up="1" down="0" total="1"', 'up="2" down="0" total="2"'));
const SCAN = scan(host('192.0.2.7', protocols(1, 47)) + host('192.0.2.8', port(443)));
const POLICY = 'networks: [{ network: 192.0.2.0/24, zone: dmz }]\nexpected: []\n';

const home = freshDir();
const inHome = (name: string): string => join(home, name);
const common = ['--state-dir', inHome('state')];

interface Written {
  readonly event: { readonly dataset: string; readonly action: string };
  readonly message: string;
  readonly nmap: any;
  readonly server?: { readonly port?: number };
  readonly rule?: { readonly id: string };
}
let written: readonly Written[];

beforeAll(async () => {
  mkdirSync(home, { recursive: true });
  writeFileSync(inHome('scan.xml'), SCAN);
  writeFileSync(inHome('exposure.yaml'), POLICY);
  const to = ['--to', `file=${inHome('out.ndjson')}`, '--exposure', inHome('exposure.yaml'), '--metrics-file', inHome('portlog.prom')];
  expect(await portlog([inHome('scan.xml'), ...common, ...to])).toMatchObject({ code: 0 });
  written = readFileSync(inHome('out.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Written);
});

describe('a protocol without ports is no open port', () => {
  test('in the sums of a run, which standard error and the event tell in the same words', async () => {
    const summary = written.find(({ event }) => event.action === 'run-summary');
    expect(summary?.message).toContain('ended well: 1 scan, 2 hosts listed, 1 open port, 2 open protocols; ');
    writeFileSync(inHome('only.xml'), scanOf(host('192.0.2.7', protocols(1, 2, 6))));
    const { stderr } = await portlog([inHome('only.xml'), '--state-dir', inHome('only'), '--to', `file=${inHome('only.ndjson')}`]);
    expect(stderr).toContain('1 host listed, 3 open protocols');
    expect(readFileSync(inHome('only.ndjson'), 'utf8')).toContain('ended well: 1 scan, 1 host listed, 3 open protocols; ');
  });

  test('in the events of host and baseline', () => {
    const of = (action: string): readonly Written[] => written.filter(({ event }) => event.action === action);
    const [seven] = of('host-observed');
    expect([seven?.nmap.host.ports.open, seven?.nmap.host.protocols]).toEqual([0, { open: 2 }]);
    expect(of('baseline').map(({ message, nmap }) => [message, nmap.change.count])).toEqual([
      [
        '2 hosts, 1 open port and 2 open protocols seen for the first time, with nothing earlier to compare: taken as the baseline, except for 1 finding reported by itself',
        { hosts: 2, ports: 1, protocols: 2 },
      ],
    ]);
  });

  test('in the numbers for Prometheus, and nothing that could be expected', () => {
    const told = readFileSync(inHome('portlog.prom'), 'utf8');
    expect(told).toContain('portlog_open_ports{site="default",zone="dmz"} 1\n');
    expect(told).toContain('portlog_unexpected_open_ports{site="default",zone="dmz"} 1\n');
    expect(written.filter(({ rule }) => rule?.id === 'nmap-exposure-unexpected').every(({ server }) => server?.port === 443)).toBe(true);
  });

  test('in the report', async () => {
    const report = JSON.parse((await portlog(['report', '--format', 'json', ...common])).stdout) as {
      totals: object;
      hosts: { rows: readonly { host: string; openPorts: number }[] };
    };
    expect(report.totals).toMatchObject({ hostsUp: 2, openPorts: 1, openProtocols: 2 });
    expect(report.hosts.rows.map(({ host: key, openPorts }) => [key, openPorts])).toEqual([
      ['192.0.2.7', 0],
      ['192.0.2.8', 1],
    ]);
    const markdown = (await portlog(['report', '--format', 'markdown', ...common])).stdout;
    expect(markdown).toContain('2 hosts up, 1 open port, 2 open protocols; ');
    expect(markdown).toContain('## Open ports and protocols\n');
  });

  test('in the inventory, and in diff', async () => {
    expect((await portlog(['inventory', ...common])).stderr).toBe('portlog: 2 hosts, 1 port, 2 protocols\n');
    writeFileSync(inHome('more.xml'), scan(host('192.0.2.7', protocols(1, 6)) + host('192.0.2.8', port(443))).replaceAll('17600000', '17700000'));
    expect((await portlog(['diff', ...common, inHome('more.xml')])).stderr).toContain('; 1 open protocol not tested before');
  });

  test('for exposure init and check', async () => {
    const policy = await portlog(['exposure', 'init', inHome('scan.xml')]);
    expect(policy.stderr).toContain('1 open port of 1 host written down');
    expect(parse(policy.stdout)).toMatchObject({ expected: [{ hosts: ['192.0.2.8'], ports: ['443/tcp'] }] });
    expect((await portlog(['exposure', 'init', ...common])).stdout).toBe(policy.stdout);
    const checked = await portlog(['exposure', 'check', '--exposure', inHome('exposure.yaml'), inHome('scan.xml')]);
    expect(checked.stderr).toContain('1 of 1 open port not expected to be open');
  });
});
