import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { RecentSet } from '../../src/event/recent.ts';
import { digest } from '../../src/event/id.ts';
import { tableSink } from '../../src/sink/stdout/table.ts';
import { ecs, eventsOf, fixture, host, port, scan } from '../support/scans.ts';
import { batchOf, entriesOf, NEVER } from '../support/sink-contract.ts';
import { expectValidEvent } from '../support/validate.ts';
import { World } from '../support/world.ts';

const GROUPED = fixture('masscan-not-grouped.xml');
const DUPLICATES = fixture('masscan-duplicates.xml');

/** masscan's own line for an answer (out-xml.c). */
function answer(address: string, number: number, service = '', time = 1): string {
  return `<host endtime="176000000${time}"><address addr="${address}" addrtype="ipv4"/><ports><port protocol="tcp" portid="${number}"><state state="open" reason="syn-ack" reason_ttl="64"/>${service}</port></ports></host>\r\n`;
}

function banner(type: string, text: string): string {
  return `<service name="${type}" banner="${text}"></service>`;
}

/** `hosts up`: open ports, as masscan counts. */
function masscan(inside: string, up = 1): string {
  return `<?xml version="1.0"?>\r\n<nmaprun scanner="masscan" start="1760000000" version="1.0-BETA"  xmloutputversion="1.03">\r\n<scaninfo type="syn" protocol="tcp" />\r\n${inside}<runstats>\r\n<finished time="1760000010" timestr="x" elapsed="10" />\r\n<hosts up="${up}" down="0" total="${up}" />\r\n</runstats>\r\n</nmaprun>\r\n`;
}

const BANNERS = masscan(
  [
    answer('192.0.2.7', 6379),
    answer('192.0.2.7', 6379, banner('unknown', '-NOAUTH')),
    answer('192.0.2.7', 443),
    answer('192.0.2.7', 443, banner('X509', 'MIIC')),
    answer('192.0.2.7', 443, banner('http', 'HTTP/1.1 200 OK\\x0d\\x0aServer: nginx')),
    answer('192.0.2.7', 443, banner('http.server', 'nginx/1.18.0 (Ubuntu)')),
    answer('192.0.2.7', 443, banner('title', 'Welcome')),
    answer('192.0.2.7', 22, banner('ssh', 'SSH-2.0-OpenSSH_9.2p1 Debian-2')),
    answer('192.0.2.7', 23),
    answer('192.0.2.7', 23, '', 2),
    answer('192.0.2.7', 23, banner('telnet', 'login:'), 3),
  ].join(''),
  4,
);

const totals = (text: string | Uint8Array): object => {
  const { hosts, ports, findings, repeated } = ecs(eventsOf(text).at(-1)!).nmap.scan;
  return { up: hosts.up, total: hosts.total, listed: hosts.listed, open: ports.open, findings, repeated };
};

describe('masscan', () => {
  test('hosts are counted by address, and ports once', () => {
    expect(totals(GROUPED)).toMatchObject({ up: 2, total: 2, listed: 2, open: 5 });
    expect(totals(DUPLICATES)).toMatchObject({ up: 3, total: 3, listed: 3, open: 14, repeated: 2 });
    expect(totals(BANNERS)).toMatchObject({ up: 1, total: 1, listed: 1, open: 4 });
    expect(ecs(eventsOf(GROUPED).at(-1)!).nmap.scan.hosts.claimed).toEqual({ total: 5, up: 5, down: 0 });
    expect(eventsOf(GROUPED).at(-1)!.message).toBe('masscan 1.0-BETA scan finished: 2 hosts (2 up), 5 open ports in 10 s');
  });

  test.for([
    ['not grouped', GROUPED],
    ['duplicates', DUPLICATES],
    ['banners', BANNERS],
  ] as const)('%s: no event comes twice, and all are valid', ([, text]) => {
    const events = eventsOf(text, { all: true });
    for (const event of events) expectValidEvent(event);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });

  test('a weakness counts once, however often its port answers', () => {
    const events = eventsOf(BANNERS).map(ecs);
    const { findings } = events.at(-1).nmap.scan;
    const entities = new Set(events.filter(({ event }) => event.action === 'finding-observed').map(({ nmap }) => nmap.entity.id));
    expect(Object.values(findings as Record<string, number>).reduce((sum, one) => sum + one, 0)).toBe(entities.size);
    expect(entities.size).toBeGreaterThan(0);
  });

  test("banners are the port's service, in nmap's words", () => {
    const services = eventsOf(BANNERS)
      .map(ecs)
      .filter(({ nmap }) => nmap.service !== undefined)
      .map(({ server, service, nmap }) => [
        server.port,
        service?.type,
        service?.version,
        nmap.service.product,
        nmap.service.tunnel,
        nmap.service.banner_type,
      ]);
    expect(services).toEqual([
      [6379, undefined, undefined, undefined, undefined, 'unknown'],
      [443, undefined, undefined, undefined, 'ssl', 'X509'],
      [443, 'http', undefined, undefined, undefined, 'http'],
      [443, 'http', '1.18.0', 'nginx', undefined, 'http.server'],
      [443, 'http', undefined, undefined, undefined, 'title'],
      [22, 'ssh', '9.2p1', 'OpenSSH', undefined, 'ssh'],
      [23, 'telnet', undefined, undefined, undefined, 'telnet'],
    ]);
  });

  const shown = async (text: string | Buffer): Promise<string> => {
    const out = new PassThrough();
    const sink = tableSink(out, false);
    await sink.send(batchOf(entriesOf(sink, eventsOf(text))), NEVER);
    return String(out.read());
  };

  test('the table says what it knows of a service of which only TLS is known', async () => {
    expect(await shown(masscan(answer('192.0.2.9', 443, banner('ssl', 'TLS/1.2 cipher:0xc02f'))))).toContain(' ssl/unknown ');
  });

  test('the table has one heading a host', async () => {
    const text = await shown(GROUPED);
    expect(text.match(/^192\.0\.2\.7$/gm)).toHaveLength(1);
    expect(text).toContain('  192.0.2.7 443/tcp');
  });
});

describe('an identical <host> of nmap', () => {
  test('is reported once and counted', () => {
    const text = scan(host('192.0.2.7', port(80)).repeat(3));
    expect(eventsOf(text).map(({ action }) => action)).toEqual(['host-observed', 'port-observed', 'scan-finished']);
    expect(totals(text)).toMatchObject({ up: 1, listed: 1, open: 1, repeated: 2 });
  });
});

describe('what was seen lately', () => {
  test('is remembered up to 131,072 ids and forgotten behind twice as many', () => {
    const recent = new RecentSet();
    const ids = Array.from({ length: 300_000 }, (_, i) => digest([i]));
    expect(ids.every((id) => recent.add(id))).toBe(true);
    expect(ids.slice(-131_072).some((id) => recent.add(id))).toBe(false);
    expect(recent.has(ids[0]!)).toBe(false);
  });
});

test('a port that masscan lists for the first time at a known host is named, because it raises no alert', async () => {
  const world = new World();
  const remarks = async (...ports: readonly number[]): Promise<readonly string[]> => {
    const day = (world.stored.size + 1) * 86_400;
    const text = masscan(ports.map((number) => answer('192.0.2.7', number)).join(''), ports.length);
    const later = text.replaceAll(/17600000\d\d/g, (time) => String(Number(time) + day));
    return (await world.run([later])).inputs.flatMap((input) => input.remarks);
  };
  expect(await remarks(22, 80)).toEqual([]);
  expect(await remarks(22)).toEqual([]);
  expect(await remarks(22, 80, 8080)).toEqual([
    'masscan does not write which ports it scanned, so 1 open port at known hosts, seen for the first time, may be new and is no alert (192.0.2.7 8080/tcp); scan it with nmap to have changes told (docs/how-to/scan.md)',
  ]);
  expect(await remarks(22, 80, 8080)).toEqual([]);
  expect(world.changes().map(({ action }) => action)).toEqual(['baseline', 'baseline']);
});
