import type { AddressSet } from '../nmap/address-set.ts';
import { type KnownHost, type KnownPort, lastOf, since, currentValue, presenceOf, presenceSince } from '../state/known-host.ts';
import { comparePorts } from '../nmap/order.ts';
import type { PortSet } from '../nmap/port-set.ts';
import { shownVersion } from './service.ts';

/** What is known about a port, or about a host without ports: a row of the inventory. Times are epoch milliseconds. */
export interface InventoryRow {
  readonly site: string;
  readonly host: string;
  readonly ips: readonly string[];
  readonly name: string | undefined;
  readonly mac: string | undefined;
  readonly os: string | undefined;
  readonly hostState: 'up' | 'down' | 'unknown';
  readonly hostFirstSeen: number | undefined;
  readonly hostLastSeen: number | undefined;
  /** Since when it is known to be up, or down. */
  readonly hostSince: number | undefined;
  readonly port: PortRow | undefined;
}

interface PortRow {
  readonly number: number;
  readonly transport: string;
  /** State in nmap's words, of the latest test. */
  readonly state: string;
  readonly service: string | undefined;
  readonly version: string | undefined;
  readonly certificate: { readonly subject: string | undefined; readonly fingerprint: string; readonly notAfter: string | undefined } | undefined;
  /** When it was seen open for the first and for the last time. */
  readonly firstSeen: number | undefined;
  readonly lastSeen: number | undefined;
  readonly lastTested: number;
  /** Since when it is known to be open, or not open. */
  readonly since: number | undefined;
}

/** Which rows are wanted; undefined members do not restrict. */
export interface InventoryFilter {
  readonly network: AddressSet | undefined;
  readonly ports: PortSet | undefined;
  readonly transport: string | undefined;
  /** A part of the service's name or version, in lower case. */
  readonly service: string | undefined;
  readonly states: ReadonlySet<string> | undefined;
  /** List hosts that are down as hosts, instead of what was last known of their ports. */
  readonly down?: boolean;
  /** Only what has been as it is since this time or later, epoch milliseconds. */
  readonly since: number | undefined;
}

export function isWithin({ network }: Pick<InventoryFilter, 'network'>, { key, ips }: Pick<KnownHost, 'key' | 'ips'>): boolean {
  return network === undefined || network.has(key) || ips.some((ip) => network.has(ip));
}

/** The rows of a host: those of its ports that are wanted, or one for the host when it has no ports and the filter asks for none. */
export function inventoryRows(site: string, host: KnownHost, filter: InventoryFilter): readonly InventoryRow[] {
  const state = presenceOf(host, 1);
  const row = {
    site,
    host: host.key,
    ips: host.ips,
    name: host.name?.value,
    mac: host.mac?.value,
    os: host.os?.value,
    hostState: state === 'yes' ? 'up' : state === 'no' ? 'down' : 'unknown',
    hostFirstSeen: host.up.yes?.first,
    hostLastSeen: finite(lastOf(host.up.yes)),
    hostSince: presenceSince(host, 1),
  } as const;
  if (filter.down === true && state === 'no') return host.up.yes !== undefined && isSince(row.hostSince, filter) ? [{ ...row, port: undefined }] : [];
  const ports = Object.values(host.ports).sort(comparePorts).map(portRow);
  const wanted = ports.filter((port) => isWanted(port, filter));
  if (wanted.length > 0) return wanted.map((port) => ({ ...row, port }));
  const asksForPorts = filter.ports !== undefined || filter.transport !== undefined || filter.service !== undefined || filter.down === true;
  return asksForPorts || host.up.yes === undefined || !isSince(since(host.up, 'yes'), filter) ? [] : [{ ...row, port: undefined }];
}

function portRow({ number, protocol, state, at, service, guess, certificate, open }: KnownPort): PortRow {
  const current = currentValue(open, 1);
  return {
    number,
    transport: protocol,
    state,
    service: service?.value.name ?? guess?.value,
    version: service && (shownVersion(service.value) || undefined),
    certificate: certificate?.value,
    firstSeen: open.yes?.first,
    lastSeen: finite(lastOf(open.yes)),
    lastTested: at,
    since: current && since(open, current),
  };
}

function isWanted(port: PortRow, { ports, transport, service, states, since }: InventoryFilter): boolean {
  return (
    (ports === undefined || ports.has(port.number)) &&
    (transport === undefined || port.transport === transport) &&
    (service === undefined || `${port.service ?? ''} ${port.version ?? ''}`.toLowerCase().includes(service)) &&
    (states === undefined || states.has(port.state)) &&
    isSince(port.since, { since })
  );
}

function isSince(time: number | undefined, { since: least }: Pick<InventoryFilter, 'since'>): boolean {
  return least === undefined || (time ?? 0) >= least;
}

function finite(time: number): number | undefined {
  return Number.isFinite(time) ? time : undefined;
}
