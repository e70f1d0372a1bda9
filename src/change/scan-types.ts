import type { Port, ScanInfo } from '../nmap/model.ts';

/** Every state that nmap knows. */
const ALL = ['open', 'closed', 'filtered', 'open|filtered', 'closed|filtered', 'unfiltered'];

/**
 * By `scaninfo/@type` (nmap's output.cc): the states that a scan of that kind establishes, after
 * https://nmap.org/book/man-port-scanning-techniques.html. A state that is not here may be said of an open port as well.
 */
const ESTABLISHES: Readonly<Record<string, readonly string[]>> = {
  // A whole question: open and closed answer differently, and silence is a filter.
  syn: ALL,
  connect: ALL,
  sctpinit: ALL,
  udp: ALL,
  // RST tells that a packet came through, of open ports and of closed ones; a filter for ACK lets SYN pass.
  ack: [],
  // "Some systems … a minority": from others RST has the same window, or none, whatever the port is.
  window: [],
  // RFC 793 wants RST for open ports, too; only a few systems drop the packet then.
  maimon: [],
  // Windows, Cisco and others send RST whatever the port is. What is open, version detection has found.
  null: ['open', 'open|filtered'],
  fin: ['open', 'open|filtered'],
  xmas: ['open', 'open|filtered'],
  // As a third host sees it: what is not open for that one may be for others, and a zombie that is busy misses it.
  idle: ['open'],
  bounce: ['open'],
  // Open ports stay silent, closed ones abort.
  sctpcookieecho: ['open', 'closed', 'open|filtered'],
  // An ICMP error that is not "protocol unreachable" comes from something in between.
  ipproto: ['open', 'closed', 'open|filtered'],
};

/** A kind that nmap does not have yet is taken at its word; `--scanflags` without SYN asks another question. */
function statesOf({ type, scanflags }: Pick<ScanInfo, 'type' | 'scanflags'>): readonly string[] {
  if (type === 'syn' && scanflags !== undefined && !/SYN|^default$|^$/i.test(scanflags)) return [];
  return type !== undefined && Object.hasOwn(ESTABLISHES, type) ? (ESTABLISHES[type] ?? ALL) : ALL;
}

/** Whether such a scan can tell that a port is not open. */
export function canTellClosed(info: Pick<ScanInfo, 'type' | 'scanflags'>): boolean {
  return statesOf(info).includes('closed');
}

/** Whether such a scan, or version detection behind it, can tell what it says of a port that it lists. */
export function establishes(info: Pick<ScanInfo, 'type' | 'scanflags'>, { state, service }: Pick<Port, 'state' | 'service'>): boolean {
  const said = state?.state;
  return (said === 'open' && service?.method === 'probed') || (said !== undefined && (statesOf(info).includes(said) || !ALL.includes(said)));
}
