import { describe, expect, test } from 'vitest';
import { isLessExact, isSameService, keptService, type ServiceIdentity } from '../../src/change/service.ts';
import { stableText } from '../../src/change/stable-text.ts';
import type { KnownHost } from '../../src/state/known-host.ts';
import { stateFile } from '../../src/state/store.ts';
import { Database } from '../../src/state/database.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { fixture, FOOTER } from '../support/scans.ts';
import { World } from '../support/world.ts';

type Words = readonly [product: string, version?: string, extrainfo?: string];
const same = (a: Words, b: Words, identity: ServiceIdentity): boolean => isSameService(keptService('x', a), keptService('x', b), identity);

describe('what changes by itself is no change, in any setting', () => {
  const pairs: readonly (readonly [what: string, Words, Words])[] = [
    [
      "a domain controller's clock",
      ['Microsoft Windows Kerberos', '', 'server time: 2026-09-21 13:33:20Z'],
      ['Microsoft Windows Kerberos', '', 'server time: 2026-09-22 13:26:40Z'],
    ],
    ['running time', ['Memcached', '1.6.18', 'uptime 123 seconds'], ['Memcached', '1.6.18', 'uptime 86523 seconds']],
    ['running time in the version', ['Memcached', '1.6.18 (uptime 12 seconds)'], ['Memcached', '1.6.18 (uptime 86400 seconds)']],
    ['a day with its clock', ['SAProuter', '39.3', 'Mon Sep 21 13:33:20 2026'], ['SAProuter', '39.3', 'Tue Sep 22 13:33:21 2026']],
    ['a clock in the product', ['daytime Mon Sep 21 13:33:20 2026'], ['daytime Tue Sep 22 13:33:21 2026']],
    [
      'SNMP',
      ['SNMPv3 server', '', 'engineBoots: 17, engineTime 4d03h01m, up 358861'],
      ['SNMPv3 server', '', 'engineBoots: 17, engineTime 4d03h01m, up 445261'],
    ],
    ['a page counter', ['HP LaserJet 4250', '', 'pages: 120394; ready'], ['HP LaserJet 4250', '', 'pages: 120511; ready']],
    ['an address', ['Squid', '', 'client 10.0.0.5:4711'], ['Squid', '', 'client 10.0.0.77:53021']],
    ['an IPv6 address', ['x', '', 'on fe80::1%eth0'], ['x', '', 'on 2001:db8::9']],
    ['a MAC address', ['x 00:11:22:33:44:55'], ['x 00:11:22:33:44:56']],
    ['a token', ['Minecraft', '1.20', 'session 9f86d081884c7d65'], ['Minecraft', '1.20', 'session 60303ae22b998861']],
    ['a UUID', ['x', '6ba7b810-9dad-11d1-80b4-00c04fd430c8'], ['x', '6ba7b811-9dad-11d1-80b4-00c04fd430c8']],
    ['players', ['Minecraft', '1.20', 'Users: 3/20'], ['Minecraft', '1.20', 'Users: 11/20']],
    ['a clock of RFC 867', ['daytime 21 NOV 2026 10:11:12 CET'], ['daytime 22 NOV 2026 10:11:13 CET']],
    ['ISO 8601 with its T', ['x', '1.2 started 2026-11-24T13:33'], ['x', '1.2 started 2026-11-25T13:39']],
    ['the same with seconds', ['x', '1.2 2026-11-24T13:33:20.123Z'], ['x', '1.2 2026-11-25T01:12:00.7Z']],
    ['ISO 8601 without marks', ['x 20261121T101112Z'], ['x 20261122T101113Z']],
    ['the clock of a log', ['x', '1.2 since 24/Nov/2026:13:33:20 +0100'], ['x', '1.2 since 25/Nov/2026:01:02:03 +0100']],
    ['a clock without seconds', ['x', '3.1 (Local time is now 10:04)'], ['x', '3.1 (Local time is now 23:17)']],
    ['days and a clock', ['MiniUPnP', '2.1 up 4 days 3:12'], ['MiniUPnP', '2.1 up 15 days, 2:11']],
    ['seconds since 1970', ['CUPS', '2.4 epoch=1795000000'], ['CUPS', '2.4 epoch=1795086400']],
    ['players in the version', ['Quake 3', '(q3dm17, 4 players, ping 12ms)'], ['Quake 3', '(q3dm17, 6 players, ping 14ms)']],
    ['an IPv4 address with its port', ['x 192.0.2.5:8080'], ['x 192.0.2.6:8081']],
    ['a host name', ['x', '', 'node a17.pool.example.net'], ['x', '', 'node b3.pool.example.net']],
  ];
  test.for(pairs)('%s', ([, a, b]) => {
    for (const identity of ['product', 'version', 'full'] as const) expect([identity, same(a, b, identity)]).toEqual([identity, true]);
  });
});

describe('a real change is reported', () => {
  const rows: readonly (readonly [Words, Words, product: boolean, version: boolean, full: boolean])[] = [
    [['OpenSSH', '9.2p1'], ['OpenSSH', '9.6p1'], false, true, true],
    [['Microsoft Exchange', '15.2.986.5'], ['Microsoft Exchange', '15.2.986.9'], false, true, true],
    [['Dropbear sshd', '2020.81'], ['Dropbear sshd', '2022.83'], false, true, true],
    [['MinIO', '2023-05-12'], ['MinIO', '2023-06-19'], false, true, true],
    [['build', '20220512'], ['build', '20220619'], false, true, true],
    [['Debian', '1:10.1'], ['Debian', '1:11.1'], false, true, true],
    [['x', '10.0.20348.1234'], ['x', '10.0.20348.1366'], false, true, true],
    [['RouterOS', '6.49.7 (2022-Oct-11 14:37)'], ['RouterOS', '6.49.8 (2023-May-23 10:17)'], false, true, true],
    [['x', '2.1500000001'], ['x', '2.1600000001'], false, true, true],
    [['nginx', '1.18.0', 'Ubuntu'], ['nginx', '1.18.0', 'Debian'], false, false, true],
    [['SimpleHTTPServer', '0.6', 'Python 3.11.2'], ['SimpleHTTPServer', '0.6', 'Python 3.12.1'], false, false, true],
    [['nginx', '1.18.0'], ['Apache httpd', '2.4.57'], true, true, true],
    [['HP LaserJet 4250'], ['HP LaserJet 4350'], true, true, true],
  ];
  test.for(rows)('%o, %o', ([a, b, product, version, full]) => {
    expect([!same(a, b, 'product'), !same(a, b, 'version'), !same(a, b, 'full')]).toEqual([product, version, full]);
  });
});

test('untrusted texts cost their length', () => {
  const before = process.cpuUsage();
  for (const piece of ['1', '1:', '1.', '0:', 'a.', 'Mon, ', ' 1', '1 ', 'Jan ', '0-', '::', 'up ', '\0', '(', 'f'])
    for (const form of ['name', 'remark'] as const) stableText(`${piece.repeat(200_000)}9`, form);
  const { user } = process.cpuUsage(before);
  expect(user / 1000).toBeLessThan(1000);
});

test('every Windows domain controller, every night: nothing', async () => {
  const now = (): number => Date.parse('2026-12-31T12:00:00Z');
  for (const service of [undefined, 'product', 'version', 'full'] as const) {
    const world = new World({ event: { now }, changes: { confirm: 1, mass: 100, everywhere: false, service } });
    await world.ship(fixture('volatile-1.xml').toString());
    expect(await world.ship(fixture('volatile-2.xml').toString())).toEqual([]);
  }
});

const DAY = 86_400;
const nightly = (day: number, service: string): string =>
  `<nmaprun scanner="nmap" version="7.93" args="nmap -sV -p 22 192.0.2.7" start="${1_760_000_000 + day * DAY}"><scaninfo type="syn" protocol="tcp" numservices="1" services="22"/>
<host starttime="${1_760_000_001 + day * DAY}" endtime="${1_760_000_002 + day * DAY}"><status state="up" reason="syn-ack"/><address addr="192.0.2.7" addrtype="ipv4"/><ports><port protocol="tcp" portid="22"><state state="open" reason="syn-ack"/><service name="ssh" method="probed" conf="10" ${service}/></port></ports></host>
${FOOTER.replace(/time="\d+"/, `time="${1_760_000_060 + day * DAY}"`)}</nmaprun>`;

describe('a version that nmap knows as a range', () => {
  const lessExact = (a: Words, b: Words): boolean => isLessExact(keptService('x', a), keptService('x', b));

  test('is less precise than one that fits, and no statement about another', () => {
    expect(lessExact(['Samba smbd', '3.X - 4.X'], ['Samba smbd', '4.17.12-Debian'])).toBe(true);
    expect(lessExact(['Microsoft Windows 7 - 10 microsoft-ds'], ['Windows 7 Professional 7601 Service Pack 1 microsoft-ds'])).toBe(true);
    expect(lessExact(['PostgreSQL DB', '9.6.4 - 9.6.6 or 9.6.13 - 9.6.19'], ['PostgreSQL DB', '9.6.5'])).toBe(true);
    expect(lessExact(['Samba smbd', '3.X - 4.X'], ['Windows 7 Professional 7601 microsoft-ds'])).toBe(false);
    expect(lessExact(['Samba smbd', '4.17.12-Debian'], ['Samba smbd', '4.17.13-Debian'])).toBe(false);
    expect(lessExact(['Samba smbd', '3.X - 4.X'], ['Samba smbd', '4.X'])).toBe(false);
    expect(lessExact(['Samba smbd', '3.X - 4.X'], [''])).toBe(false);
  });

  test('is no change where scans with -A and without alternate, in any order; an update between two of them is one', async () => {
    const samba = (day: number, version: string): string => nightly(day, `product="Samba smbd" version="${version}"`);
    const scans = [samba(0, '4.17.12'), samba(1, '3.X - 4.X'), samba(2, '4.17.12'), samba(3, '3.X - 4.X')];
    const known = [];
    for (const order of [scans, scans.toReversed(), [scans[1]!, scans[0]!, scans[3]!, scans[2]!]]) {
      const world = new World();
      for (const text of order) expect((await world.ship(text)).filter((line) => line.includes('changed'))).toEqual([]);
      known.push((world.known() as KnownHost[]).map(({ ports }) => ports['22/tcp']?.service));
      expect(await world.ship(samba(4, '4.18.0'))).toEqual(['192.0.2.7 22/tcp changed from ssh Samba smbd 4.17.12 to ssh Samba smbd 4.18.0']);
    }
    expect(known.map(([service]) => [service?.value.version, service?.at, service?.since])).toEqual(
      Array.from({ length: 3 }, () => ['Samba smbd 4.17.12', 1_760_000_002_000 + 3 * DAY * 1000, 1_760_000_002_000]),
    );
  });

  test('costs its length', () => {
    const before = process.cpuUsage();
    for (const piece of ['1', '1 - ', 'a ', '1.X', 'or '])
      for (const [a, b] of [
        [piece.repeat(200_000), 'x'],
        ['1 - 2 a', piece.repeat(200_000)],
      ] as const)
        lessExact([a], [b]);
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(300);
  });
});

describe('a less precise answer of the same service', () => {
  type Named = readonly [name: string, ...Words];
  const kept = ([name, ...words]: Named): ReturnType<typeof keptService> => keptService(name, words);
  const rows: readonly (readonly [what: string, less: Named, more: Named])[] = [
    ['nothing but the name', ['http', ''], ['http', 'nginx', '1.18.0']],
    ['the name and a remark', ['http', '', '', 'Ubuntu'], ['http', 'nginx', '1.18.0']],
    ['a product without its version', ['http', 'nginx'], ['http', 'nginx', '1.18.0']],
    ['a server that sends scanners away', ['mysql', 'MySQL', '', 'unauthorized'], ['mysql', 'MySQL', '8.0.36']],
    ['TLS, and nothing of what is within', ['ssl', ''], ['https', 'nginx', '1.18.0']],
    ['TLS, before a service that nmap names alone', ['ssl', ''], ['ssl/smtp', '']],
    ['RPC, and not of which program', ['rpcbind', ''], ['nlockmgr', '', '1-4', 'RPC #100021']],
  ];

  test.for(rows)('%s', ([, less, more]) => {
    expect([isLessExact(kept(less), kept(more)), isLessExact(kept(more), kept(less))]).toEqual([true, false]);
  });

  test.for<readonly [Named, Named]>([
    [
      ['http', ''],
      ['ssh', 'OpenSSH', '9.6p1'],
    ],
    [
      ['http', 'nginx'],
      ['http', 'Apache httpd', '2.4.57'],
    ],
    [
      ['http', 'nginx', '1.18.0'],
      ['http', 'nginx', '1.26.2'],
    ],
    [
      ['ssl', ''],
      ['http', 'nginx'],
    ],
    [
      ['ssl', 'OpenSSL'],
      ['https', 'nginx'],
    ],
    [
      ['rpcbind', '', '2-4', 'RPC #100000'],
      ['nlockmgr', '', '1-4', 'RPC #100021'],
    ],
    [
      ['http', ''],
      ['http', ''],
    ],
    [
      ['ssh', 'OpenSSH', '9.6p1'],
      ['ssh', 'OpenSSH', '9.6p1', 'protocol 2.0'],
    ],
  ])('not %o of %o', ([a, b]) => {
    expect([isLessExact(kept(a), kept(b)), isLessExact(kept(b), kept(a))]).toEqual([false, false]);
  });

  const nginx = (day: number, version: string): string => nightly(day, `product="nginx" version="${version}"`);
  const nameless = (day: number): string => nightly(day, '');

  test.for(['product', 'version', 'full'] as const)('is no change, nor is the next full one (%s)', async (service) => {
    const world = new World({ event: { now: Date.now }, changes: { confirm: 1, mass: 100, everywhere: false, service } });
    await world.ship(nginx(0, '1.18.0'));
    for (const text of [nameless(1), nginx(2, '1.18.0'), nightly(3, 'product="nginx"'), nginx(4, '1.18.0')])
      expect(await world.ship(text)).toEqual([]);
  });

  test('hides neither an update behind it nor another product', async () => {
    const world = new World();
    for (const text of [nginx(0, '1.18.0'), nameless(1)]) await world.ship(text);
    expect(await world.ship(nginx(2, '1.26.2'))).toEqual(['192.0.2.7 22/tcp changed from ssh nginx 1.18.0 to ssh nginx 1.26.2']);
    await world.ship(nameless(3));
    expect(await world.ship(nightly(4, 'product="Apache httpd"'))).toEqual(['192.0.2.7 22/tcp changed from ssh nginx 1.26.2 to ssh Apache httpd']);
  });

  test('what is known stays, and what is said first says little until more is heard', async () => {
    const world = new World();
    for (const text of [nameless(0), nginx(1, '1.18.0'), nameless(2)])
      expect((await world.ship(text)).filter((line) => line.includes('changed'))).toEqual([]);
    const [host] = world.known() as KnownHost[];
    expect(host?.ports['22/tcp']?.service?.value.version).toBe('nginx 1.18.0');
  });
});

test('a state of before knows services by one text: nothing is news that is not', async () => {
  const debian = 'product="OpenSSH" version="9.2p1 Debian 2" extrainfo="protocol 2.0"';
  const world = new World();
  await world.ship(nightly(0, debian));
  const database = Database.open(stateFile(world.stateDir), SCHEMA_VERSIONS);
  database.run('UPDATE host SET known = json_remove(known, \'$.ports."22/tcp".service.value.ends\')');
  database.close();
  expect(JSON.stringify(world.known())).not.toContain('"ends"');
  expect(await world.ship(nightly(1, debian))).toEqual([]);
  expect(JSON.stringify(world.known())).toContain('"ends"');
  expect(await world.ship(nightly(2, debian.replace('9.2p1', '9.6p1')))).toEqual([
    '192.0.2.7 22/tcp changed from ssh OpenSSH 9.2p1 Debian 2 (protocol 2.0) to ssh OpenSSH 9.6p1 Debian 2 (protocol 2.0)',
  ]);
});
