import { isoTime } from '../../event/time.ts';
import { AddressSet } from '../../nmap/address-set.ts';
import { withoutZone } from '../../nmap/link.ts';
import type { OpenPort } from './scanned-ports.ts';

/** A first exposure file, with what is open now, for the user to edit. */
export function firstExposure(ports: readonly OpenPort[]): object {
  return { networks: networksOf(ports), expected: entriesOf(ports) };
}

/** The networks of the hosts, as a first guess: a /24 or a /64 each; of loopback, all of it. */
function networksOf(ports: readonly OpenPort[]): readonly object[] {
  const networks = new Map(ports.flatMap(({ ips: [ip] }) => (ip === undefined ? [] : [[networkOf(ip), isPrivate(ip)] as const])));
  return [...networks]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([network, isOurs]) => ({
      network,
      zone: isOurs ? 'internal' : 'public',
      criticality: 'medium',
      owner: 'nobody yet',
      external: !isOurs,
    }));
}

function networkOf(ip: string): string {
  if (!ip.includes(':')) return ip.startsWith('127.') ? '127.0.0.0/8' : `${ip.split('.').slice(0, 3).join('.')}.0/24`;
  if (withoutZone(ip) === '::1') return '::1/128';
  const groups = prefixOf(withoutZone(ip));
  return `${groups.join(':')}::/64`;
}

/** The first four groups of an IPv6 address without zeros at the end: two of `2001:db8::7`. */
function prefixOf(ip: string): readonly string[] {
  const [before = '', after] = ip.split('::');
  const [left, right] = [before, after ?? ''].map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: 8 - (left?.length ?? 0) - (right?.length ?? 0) }, () => '0');
  const first = [...(left ?? []), ...(after === undefined ? [] : zeros), ...(right ?? [])].slice(0, 4);
  while (first.at(-1) === '0') first.pop();
  return first;
}

/** https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry: not reached from the internet. */
const PRIVATE = AddressSet.of('10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16 ::1 fc00::/7 fe80::/10'.split(' '));

function isPrivate(ip: string): boolean {
  return typeof PRIVATE !== 'string' && PRIVATE.has(withoutZone(ip));
}

/** One entry for all hosts with the same ports. */
function entriesOf(ports: readonly OpenPort[]): readonly object[] {
  const byHost = Map.groupBy(ports, ({ host, ips }) => ips[0] ?? host);
  const alike = Map.groupBy([...byHost], ([, list]) => wordsOf(list).join(' '));
  return [...alike.values()].map((hosts) => {
    const all = hosts.flatMap(([, list]) => list);
    return { hosts: hosts.map(([address]) => address), ports: wordsOf(hosts[0]?.[1] ?? []), reason: reasonOf(all), owner: 'nobody yet' };
  });
}

/** `not said yet; found open on 2026-01-31 (https, ssh)` */
function reasonOf(ports: readonly OpenPort[]): string {
  const services = [...new Set(ports.map(({ service }) => service).filter((name) => name !== '' && name !== 'unknown'))].toSorted();
  const seen = Math.max(...ports.map(({ time }) => time));
  const when = seen > 0 ? ` on ${isoTime(seen).slice(0, 10)}` : '';
  return `not said yet; found open${when}${services.length === 0 ? '' : ` (${services.join(', ')})`}`;
}

function wordsOf(ports: readonly OpenPort[]): readonly string[] {
  const byProtocol = Map.groupBy(ports, ({ protocol }) => protocol);
  return [...byProtocol].flatMap(([protocol, list]) => {
    const numbers = [...new Set(list.map(({ number }) => number))].sort((a, b) => a - b);
    return ['tcp', 'udp', 'sctp'].includes(protocol) ? `${numbers.join(',')}/${protocol}` : [];
  });
}
