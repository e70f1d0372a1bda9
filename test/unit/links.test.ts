import { describe, expect, test } from 'vitest';
import { diffScans } from '../../src/change/scan-diff.ts';
import { ScanCollector, type ScanView } from '../../src/change/scan-view.ts';
import { hostEntityId } from '../../src/event/id.ts';
import { linkOf } from '../../src/nmap/link.ts';
import { ecs, eventsOf, itemsOf } from '../support/scans.ts';
import { World } from '../support/world.ts';

const NOW = Date.parse('2026-12-31T12:00:00Z');
const DAY = 86_400;

interface Seen {
  readonly daysAgo: number;
  readonly args: string;
  readonly address?: string;
  readonly ports?: readonly number[];
  readonly isGone?: boolean;
}

/** nmap writes addresses without their zones. */
function scanOf({ daysAgo, args, address = 'fe80::1', ports = [22], isGone = false }: Seen): string {
  const start = NOW / 1000 - daysAgo * DAY;
  const open = ports.map((port) => `<port protocol="tcp" portid="${port}"><state state="open" reason="syn-ack"/></port>`).join('');
  const host = `<host starttime="${start}" endtime="${start + 5}"><status state="up" reason="syn-ack"/><address addr="${address}" addrtype="ipv6"/><ports><extraports state="closed" count="${100 - ports.length}"/>${open}</ports></host>`;
  return `<nmaprun scanner="nmap" version="7.93" args="nmap -6 -v -p 1-100 ${args}" start="${start}"><scaninfo type="syn" protocol="tcp" numservices="100" services="1-100"/><verbose level="1"/>
${isGone ? '' : host}<runstats><finished time="${start + 60}" exit="success"/><hosts up="${isGone ? 0 : 1}" down="${isGone ? 1 : 0}" total="1"/></runstats></nmaprun>`;
}

const keyOf = (seen: Seen): string => ecs(eventsOf(scanOf(seen))[0]!).nmap.entity.id;

describe('a link-local address', () => {
  test('is another host on each link: neither changes the other', async () => {
    const world = new World({ event: { now: () => NOW } });
    const zones = [
      { args: 'fe80::1%eth0', ports: [22] },
      { args: 'fe80::1%eth1', ports: [80] },
    ];
    for (const daysAgo of [4, 3]) for (const zone of zones) await world.ship(scanOf({ daysAgo, ...zone }));
    expect(world.changes().filter(({ action }) => action !== 'baseline')).toEqual([]);
    expect(await world.ship(scanOf({ daysAgo: 2, args: 'fe80::1%eth1', ports: [80, 81] }))).toEqual([
      'fe80::1%eth1 81/tcp opened, closed for 2 days',
    ]);
    expect(await world.ship(scanOf({ daysAgo: 1, args: 'fe80::1%eth0', isGone: true }))).toEqual(['fe80::1%eth0 is down, was up for 3 days']);
  });

  test('stands in events as stores take it, with its link where it names the host', () => {
    const [host, port] = eventsOf(scanOf({ daysAgo: 1, args: 'fe80::1%eth0' })).map(ecs);
    expect([host.host.ip, host.host.name, port.server]).toEqual([['fe80::1'], 'fe80::1', { address: 'fe80::1%eth0', ip: 'fe80::1', port: 22 }]);
    expect(host.message).toBe('fe80::1%eth0 up: 1 open, 99 closed');
  });

  test.for([
    ['fe80::1%eth0', 'fe80::1', 'fe80::1%eth0'],
    ['-e eth0 fe80::1', 'fe80::1', 'fe80::1%eth0'],
    ['-e eth0 fe80::1%eth1', 'fe80::1', 'fe80::1%eth1'],
    ['fe80::%eth0/120', 'fe80::1', 'fe80::1%eth0'],
    ['fe80::1', 'fe80::1%eth7', 'fe80::1%eth7'],
    ['fe80::1', 'fe80::1', 'fe80::1'],
    ['fe80::1%eth0 fe80::1%eth1', 'fe80::1', 'fe80::1'],
    ['router.example', 'FEBF:0::1', 'febf::1'],
    // Any other address is the same host whichever way it is reached.
    ['2001:db8::1%eth0', '2001:db8::1', '2001:db8::1'],
    ['2001:db8::1%eth0', '2001:db8::1%eth0', '2001:db8::1'],
    ['-e eth0 fec0::1', 'fec0::1', 'fec0::1'],
    ['-e eth0 fe8::1', 'fe8::1', 'fe8::1'],
  ] as const)('%s: %s is %s', ([args, address, key]) => {
    expect(keyOf({ daysAgo: 1, args, address })).toBe(hostEntityId('default', key));
  });

  test('a host with another address, too, is identified by that one', () => {
    const both = scanOf({ daysAgo: 1, args: '-e eth0 192.0.2.7' }).replace('<ports>', '<address addr="192.0.2.7" addrtype="ipv4"/><ports>');
    expect(ecs(eventsOf(both)[0]!).nmap.entity.id).toBe(hostEntityId('default', '192.0.2.7'));
  });

  test('compared by two files: the same link only', () => {
    const view = (args: string, ports: readonly number[]): ScanView => {
      const collector = new ScanCollector();
      for (const item of itemsOf(scanOf({ daysAgo: 1, args, ports }))) collector.add(item);
      return collector.view();
    };
    const old = view('fe80::1%eth0', [22]);
    expect(diffScans(old, view('-e eth0 fe80::1', [22, 80])).changes.map(({ message }) => message)).toEqual([
      'fe80::1%eth0 80/tcp opened, was closed',
    ]);
    expect(diffScans(old, view('fe80::1%eth1', [80]))).toMatchObject({ changes: [], hostsNotLookedAt: 1, hostsFirstSeen: 1 });
  });
});

test('a link in the arguments is the name of an interface, or ignored', () => {
  expect(linkOf(undefined)).toBeUndefined();
  expect(linkOf('nmap -6 fe80::1%a%b')).toBeUndefined();
  expect(linkOf(String.raw`nmap -e "eth0 \"x\"" fe80::1`)).toBeUndefined();
  expect(linkOf('nmap -ne eth0.7 fe80::1')).toBe('eth0.7');
  expect(linkOf('nmap -oN -e fe80::1')).toBeUndefined();
  expect(linkOf(`nmap ${'fe80::1%eth0 '.repeat(10_000)}`)).toBeUndefined();
});
