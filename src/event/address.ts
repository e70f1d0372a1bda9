import { isIP, isIPv4, SocketAddress } from 'node:net';
import type { AddressSet } from '../nmap/address-set.ts';
import { isLinkLocal, withoutZone, zoneOf } from '../nmap/link.ts';
import type { Host, HostHint } from '../nmap/model.ts';

/** The addresses and names of a host, in the forms that events need. */
export interface Identity {
  /**
   * Identifies a host: IPv4, else IPv6, else MAC, else the first name or address text. In `macNetworks` (DHCP), MAC first. A
   * link-local address has its link, where known: `fe80::1%eth0`.
   */
  readonly key: string;
  /** Valid addresses only, RFC 5952 for IPv6, in nmap's order. */
  readonly ips: readonly string[];
  /** ECS form: upper case with hyphens. */
  readonly macs: readonly string[];
  /** The name that was given on nmap's command line, else the PTR record. */
  readonly name: string | undefined;
  readonly ptr: string | undefined;
  /** Without repetition, lower case as in DNS. */
  readonly names: readonly string[];
}

/** ECS `network.type` of a host, by its first address. */
export function networkTypeOf([ip]: readonly string[]): 'ipv4' | 'ipv6' | undefined {
  return ip === undefined ? undefined : ip.includes(':') ? 'ipv6' : 'ipv4';
}

/** `link`: what the run looked at, see `linkOf`. */
export function identify(host: Host | HostHint, macNetworks?: AddressSet, link?: string): Identity {
  const ips = new Set<string>();
  const macs: string[] = [];
  let written: string | undefined;
  let zone: string | undefined;
  for (const { addr, addrtype } of host.addresses) {
    if (addrtype === 'mac') macs.push(ecsMac(addr));
    else {
      written ??= addr;
      zone ??= zoneOf(addr);
      const ip = canonicalIp(addr);
      if (ip !== undefined) ips.add(ip);
    }
  }
  let given: string | undefined;
  let ptr: string | undefined;
  const names = new Set<string>();
  for (const { name, type } of host.hostnames) {
    if (name === undefined || name === '') continue;
    const lower = name.toLowerCase();
    if (type === 'PTR') ptr ??= lower;
    else given ??= lower;
    names.add(lower);
  }
  const all = [...ips];
  const isLent = macNetworks !== undefined && all.some((ip) => macNetworks.has(ip));
  const address = all.find(isIPv4) ?? all[0];
  const key = (isLent ? macs[0] : undefined) ?? (address && onLink(address, zone ?? link)) ?? macs[0] ?? given ?? ptr ?? written ?? '';
  return { key, ips: all, macs, name: given ?? ptr, ptr, names: [...names] };
}

/** Which address was the first in a run with a MAC address. */
export type MacOwners = Map<string, string>;

/**
 * The same within a run: of several addresses with one MAC address only the first is identified by it. They are there at the same time, so they are
 * not one host that has moved; anybody may copy a MAC address, and must not hide behind its owner.
 */
export function identifyInRun(host: Host, owners: MacOwners, macNetworks?: AddressSet, link?: string): Identity {
  const identity = identify(host, macNetworks, link);
  const [ip] = identity.ips;
  if (macNetworks === undefined || ip === undefined || identity.key !== identity.macs[0]) return identity;
  const owner = owners.get(identity.key);
  if (owner === undefined) owners.set(identity.key, ip);
  return owner === undefined || owner === ip ? identity : identify(host, undefined, link);
}

/** Adds the link to a link-local address, which is another host on another link. */
function onLink(address: string, link: string | undefined): string {
  return link !== undefined && isLinkLocal(address) ? `${address}%${link}` : address;
}

/** The canonical form of an address, without a zone; undefined when the text is not an address. */
function canonicalIp(address: string): string | undefined {
  const kind = isIP(address);
  if (kind === 4) return address;
  if (kind === 0) return undefined;
  return new SocketAddress({ family: 'ipv6', address: withoutZone(address) }).address;
}

function ecsMac(mac: string): string {
  return mac.toUpperCase().replaceAll(':', '-');
}
