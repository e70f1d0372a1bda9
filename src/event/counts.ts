import type { Host, Port } from '../nmap/model.ts';
import { listings } from '../nmap/port.ts';
import { hasPorts } from '../nmap/transport.ts';
import { counted, withCommas } from './text.ts';

/** nmap's port states as field names; anything else is counted as `other`. */
const FIELD: ReadonlyMap<string | undefined, keyof StateCounts> = new Map([
  ['open', 'open'],
  ['closed', 'closed'],
  ['filtered', 'filtered'],
  ['unfiltered', 'unfiltered'],
  ['open|filtered', 'open_filtered'],
  ['closed|filtered', 'closed_filtered'],
]);

export type StateCounts = {
  [State in 'open' | 'closed' | 'filtered' | 'unfiltered' | 'open_filtered' | 'closed_filtered' | 'other']: number;
};

/** Listed `port` elements by state. */
interface ListedCounts {
  readonly byState: StateCounts;
  /** Open ones that are IP protocols rather than ports. */
  readonly openProtocols: number;
}

/** Ports of a host: those that nmap listed and those that it only counted (`extraports`), by state. */
export interface PortCounts extends ListedCounts {
  /** Listed open ports, without IP protocols. */
  readonly openListed: number;
}

export function noPorts(): StateCounts {
  return { open: 0, closed: 0, filtered: 0, unfiltered: 0, open_filtered: 0, closed_filtered: 0, other: 0 };
}

export function countPorts(host: Host): PortCounts {
  const { byState, openProtocols } = countListed(host.ports);
  const openListed = byState.open - openProtocols;
  for (const extra of host.extraports) byState[stateField(extra.state)] += Math.max(0, extra.count ?? 0);
  return { byState, openListed, openProtocols };
}

/** `timesOf`: how often a port counts; as often as it is listed. */
export function countListed(ports: Iterable<Port>, timesOf: (port: Port) => number = listings): ListedCounts {
  const byState = noPorts();
  let openProtocols = 0;
  for (const port of ports) {
    const [field, times] = [stateField(port.state?.state), timesOf(port)];
    byState[field] += times;
    if (field === 'open' && !hasPorts(port.protocol)) openProtocols += times;
  }
  return { byState, openProtocols };
}

/** Whether nmap took a host as up because it was told to (`-Pn`), and nothing has answered. */
export function isUnanswered({ status }: Pick<Host, 'status'>, { byState: { open, closed, unfiltered } }: Pick<ListedCounts, 'byState'>): boolean {
  return status?.state === 'up' && status.reason === 'user-set' && open + closed + unfiltered === 0;
}

/** Adds counts, up to the largest safe integer. */
export function addCounts<Name extends string>(total: Record<Name, number>, counts: Readonly<Record<Name, number>>): void {
  for (const name in total) if (counts[name] > 0) total[name] = Math.min(total[name] + counts[name], Number.MAX_SAFE_INTEGER);
}

/** `3 open, 997 closed` */
export function stateCounts({ byState }: PortCounts): string {
  const words = Object.entries(byState).filter(([, ports]) => ports > 0);
  return words.map(([state, ports]) => `${withCommas(ports)} ${state.replace('_', '|')}`).join(', ');
}

/** Used for a scan that only looked for hosts. */
export const NO_PORTS = 'no ports looked at';

/** `3 open ports`, `2 open protocols`, or both: a protocol scan says nothing about ports. `inWords` formats a number with its noun. */
export function openWords(ports: number, protocols: number, inWords: (number: number, noun: string) => string = counted): string {
  const words = [
    ...(ports > 0 || protocols === 0 ? [inWords(ports, 'open port')] : []),
    ...(protocols > 0 ? [inWords(protocols, 'open protocol')] : []),
  ];
  return words.join(', ');
}

function stateField(state: string | undefined): keyof StateCounts {
  return FIELD.get(state) ?? 'other';
}
