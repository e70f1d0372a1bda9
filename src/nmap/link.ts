import { isIPv6 } from 'node:net';
import { wordsOf } from './command-line.ts';
import { nmapWords } from './options.ts';

/** Longer arguments are not looked into. */
const MAX_LENGTH = 64 << 10;
/** What the name of an interface, or its number, looks like. */
const INTERFACE = /^[\w.:-]{1,64}$/;

/** Whether an address says who is meant on one link only: RFC 4291, 2.5.6. */
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
 * The link that a run looked at, as the scanning machine calls it: the zone of its targets, else the interface that it was told to use
 * (`-e`). nmap writes addresses without their zones, so with targets on several links nobody can say which host is on which.
 */
export function linkOf(args: string | undefined): string | undefined {
  if (args === undefined || args.length > MAX_LENGTH || !/%|\s-\w*e/.test(args)) return undefined;
  const { options, targets } = nmapWords(wordsOf(args).slice(1));
  const zones = new Set(targets.flatMap((target) => zoneOf(target.split('/', 1)[0] ?? '') ?? []));
  const device = options.findLast(({ name }) => name === 'e')?.value;
  const [link = device] = zones;
  return zones.size > 1 || link === undefined || !INTERFACE.test(link) ? undefined : link;
}
