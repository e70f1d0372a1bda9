import { latestOf, sortKeyOf } from './index-known.ts';
import { type KnownHost, presenceOf } from './known-host.ts';

/** The columns by which a host is found in the state file. */
export interface HostRow {
  readonly key: string;
  readonly time: number;
  readonly up: 0 | 1;
  readonly found: 0 | 1;
  readonly place: string;
  readonly latest: number;
}

export function rowOf(host: KnownHost, confirm: number): HostRow {
  return {
    key: host.key,
    time: Number.isFinite(host.time) ? host.time : 0,
    up: presenceOf(host, confirm) === 'yes' ? 1 : 0,
    found: host.up.yes === undefined ? 0 : 1,
    place: sortKeyOf(host),
    latest: latestOf(host),
  };
}

/** The columns of the index of hosts. */
export type Place = Pick<HostRow, 'key' | 'place' | 'time'>;

/** Compares two hosts in the order of that index. */
export function inOrder(a: Place, b: Place): number {
  return compare(a.place, b.place) || a.time - b.time || compare(a.key, b.key);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
