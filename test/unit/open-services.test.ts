import { describe, expect, test } from 'vitest';
import { Finder } from '../../src/finding/finder.ts';
import { hosts, itemsOf, scan } from '../support/scans.ts';
import { port, probed, said } from '../support/script-output.ts';
import { World } from '../support/world.ts';

/* What version detection (-sV) alone shows: some services tell their version only to whom they ask no password. */

const redis = (version: string, scripts = ''): string =>
  port(6379, probed('redis', `product="Redis key-value store"${version === '' ? '' : ` version="${version}"`}`), scripts);
const OPEN = redis('7.0.15');
const PROTECTED = redis('');

function found(inside: string): readonly string[] {
  const [host] = hosts(itemsOf(scan(`<host><status state="up"/><address addr="192.0.2.7" addrtype="ipv4"/><ports>${inside}</ports></host>`)));
  return [...new Finder().of({ args: 'nmap -sV' }, host!, 0)].flatMap(({ findings }) =>
    findings.map(({ severity, title }) => `${severity} ${title}`),
  );
}

test.for<readonly [string, string, readonly string[]]>([
  ['Redis without a password', OPEN, ['99 Redis is reachable, and answers without a password']],
  ['Redis with one', PROTECTED, ['47 Redis is reachable']],
  [
    'Redis that a script has asked, too',
    redis('7.0.15', said('redis-info', '&#xa;  Version: 7.0.15')),
    ['99 Redis answers without a password', '47 Redis is reachable'],
  ],
  [
    'memcached',
    port(11211, probed('memcached', 'product="Memcached" version="1.6.18"')),
    ['73 memcached is reachable, and answers without a password'],
  ],
  [
    'Elasticsearch',
    port(9200, probed('http', 'product="Elasticsearch REST API" version="8.0"')),
    ['73 Elasticsearch is reachable (http), and answers without a password'],
  ],
  ['Elasticsearch with passwords', port(9200, probed('http', 'product="Elasticsearch REST API"')), ['47 Elasticsearch is reachable (http)']],
  [
    'SNMP',
    port(161, probed('snmp', 'product="SNMPv1 server; net-snmp SNMPv3 server" extrainfo="public"'), '', 'udp'),
    ['47 SNMP is reachable, and answers to the community "public"'],
  ],
  ['SNMP of another community', port(161, probed('snmp', 'product="net-snmp SNMPv3 server"'), '', 'udp'), ['47 SNMP is reachable']],
])('%s', ([, inside, expected]) => {
  expect(found(inside)).toEqual(expected);
});

describe('a Redis that was known to be reachable', () => {
  const night = (day: number, inside: string): string => {
    const at = 1_760_000_000 + day * 86_400;
    return (
      `<nmaprun scanner="nmap" version="7.93" args="nmap -v -sV -p 6379 192.0.2.7" start="${at}"><scaninfo type="syn" protocol="tcp" numservices="1" services="6379"/>` +
      `<host starttime="${at}" endtime="${at + 9}"><status state="up" reason="syn-ack"/><address addr="192.0.2.7" addrtype="ipv4"/><ports>${inside}</ports></host>` +
      `<runstats><finished time="${at + 10}" elapsed="10" exit="success"/><hosts up="1" down="0" total="1"/></runstats></nmaprun>`
    );
  };

  test('is told when it asks for no password any more, and once', async () => {
    const world = new World();
    const told: (readonly string[])[] = [];
    for (const [day, inside] of [PROTECTED, OPEN, PROTECTED, OPEN].entries()) told.push(await world.ship(night(day, inside)));
    expect(told.slice(1)).toEqual([['192.0.2.7 6379/tcp Redis is reachable, and answers without a password [critical]'], [], []]);
  });

  test('is told at first sight if it asks for none', async () => {
    expect(await new World().ship(night(0, OPEN))).toContain('192.0.2.7 6379/tcp Redis is reachable, and answers without a password [critical]');
  });
});
