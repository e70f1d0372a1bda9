import type { Host, Port } from '../nmap/model.ts';

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

/** Ports of a host: those that nmap listed and those that it only counted (`extraports`), by state. */
export interface PortCounts {
  readonly byState: StateCounts;
  /** The open ones among those that are listed. */
  readonly openListed: number;
}

export function noPorts(): StateCounts {
  return { open: 0, closed: 0, filtered: 0, unfiltered: 0, open_filtered: 0, closed_filtered: 0, other: 0 };
}

export function countPorts(host: Host): PortCounts {
  const byState = countStates(host.ports);
  const openListed = byState.open;
  for (const { state, count } of host.extraports) byState[stateField(state)] += Math.max(0, count ?? 0);
  return { byState, openListed };
}

export function countStates(ports: Iterable<Port>): StateCounts {
  const byState = noPorts();
  for (const port of ports) byState[stateField(port.state?.state)]++;
  return byState;
}

/** As far as numbers go: a scan may claim more. */
export function addCounts<Name extends string>(total: Record<Name, number>, counts: Readonly<Record<Name, number>>): void {
  for (const name in total) if (counts[name] > 0) total[name] = Math.min(total[name] + counts[name], Number.MAX_SAFE_INTEGER);
}

/** `3 open, 997 closed` */
export function stateCounts({ byState }: PortCounts): string {
  const words = Object.entries(byState).filter(([, count]) => count > 0);
  return words.map(([state, count]) => `${count} ${state.replace('_', '|')}`).join(', ');
}

function stateField(state: string | undefined): keyof StateCounts {
  return FIELD.get(state) ?? 'other';
}
