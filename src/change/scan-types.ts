import type { Port, ScanInfo } from '../nmap/model.ts';

/** Every state that nmap knows. */
const ALL = ['open', 'closed', 'filtered', 'open|filtered', 'closed|filtered', 'unfiltered'];

/**
 * By `scaninfo/@type` (nmap's output.cc): the states that a scan of this type establishes, according to
 * https://nmap.org/book/man-port-scanning-techniques.html. Any other state may also be reported for an open port.
 */
const ESTABLISHES: Readonly<Record<string, readonly string[]>> = {
  // Open and closed ports answer differently, and no answer means a filter.
  syn: ALL,
  connect: ALL,
  sctpinit: ALL,
  udp: ALL,
  // Open and closed ports both answer with RST, which shows only that the packet arrived; a filter for ACK may let SYN pass.
  ack: [],
  // "Some systems … a minority": others answer with the same window, or none, whatever the port's state.
  window: [],
  // RFC 793 requires RST from open ports, too; only a few systems drop the packet instead.
  maimon: [],
  // Windows, Cisco and others send RST whatever the port's state. What is open was found by version detection.
  null: ['open', 'open|filtered'],
  fin: ['open', 'open|filtered'],
  xmas: ['open', 'open|filtered'],
  // As seen by a third host: what is not open for it may be for others, and a busy zombie misses answers.
  idle: ['open'],
  bounce: ['open'],
  // Open ports do not answer, closed ones abort.
  sctpcookieecho: ['open', 'closed', 'open|filtered'],
  // An ICMP error other than "protocol unreachable" comes from a device in between.
  ipproto: ['open', 'closed', 'open|filtered'],
};

/** The states that a scan establishes. A type that nmap does not have yet is trusted; `--scanflags` without SYN changes the probe, so nothing is. */
function statesOf({ type, scanflags }: Pick<ScanInfo, 'type' | 'scanflags'>): readonly string[] {
  if (type === 'syn' && scanflags !== undefined && !/SYN|^default$|^$/i.test(scanflags)) return [];
  return type !== undefined && Object.hasOwn(ESTABLISHES, type) ? (ESTABLISHES[type] ?? ALL) : ALL;
}

/** Whether such a scan can show that a port is not open. */
export function canTellClosed(info: Pick<ScanInfo, 'type' | 'scanflags'>): boolean {
  return statesOf(info).includes('closed');
}

/** Whether such a scan, or version detection after it, can establish the state of a listed port. */
export function establishes(info: Pick<ScanInfo, 'type' | 'scanflags'>, { state, service }: Pick<Port, 'state' | 'service'>): boolean {
  const reported = state?.state;
  return (
    (reported === 'open' && service?.method === 'probed') ||
    (reported !== undefined && (statesOf(info).includes(reported) || !ALL.includes(reported)))
  );
}
