import { isIPv6 } from 'node:net';
import { wordsOf } from './command-line.ts';
import { nmapWords } from './options.ts';

/** Longer arguments are not parsed. */
const MAX_LENGTH = 64 << 10;
/** The name or number of a network interface. */
const INTERFACE = /^[\w.:-]{1,64}$/;

/** Whether an address is link-local (RFC 4291, 2.5.6): it identifies a host on one link only. */
export function isLinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(address) && isIPv6(address);
}

/** `eth0` of `fe80::1%eth0`. */
export function zoneOf(address: string): string | undefined {
  const at = address.indexOf('%');
  return at === -1 || !isIPv6(address) ? undefined : address.slice(at + 1);
}

/** `fe80::1` of `fe80::1%eth0`. */
export function withoutZone(address: string): string {
  return zoneOf(address) === undefined ? address : address.slice(0, address.indexOf('%'));
}

/**
 * The link that a run scanned, by the scanner's name for it: the zone of its targets, else the interface of `-e`. Undefined
 * with targets on several links: nmap writes addresses without zones, so which host is on which link is unknown.
 */
export function linkOf(args: string | undefined): string | undefined {
  if (args === undefined || args.length > MAX_LENGTH || !/%|\s-\w*e/.test(args)) return undefined;
  const { options, targets } = nmapWords(wordsOf(args).slice(1));
  const zones = new Set(targets.flatMap((target) => zoneOf(target.split('/', 1)[0] ?? '') ?? []));
  const device = options.findLast(({ name }) => name === 'e')?.value;
  const [link = device] = zones;
  return zones.size > 1 || link === undefined || !INTERFACE.test(link) ? undefined : link;
}
