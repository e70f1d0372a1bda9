import { latestOf, sortKeyOf } from './index-known.ts';
import { currentValue, type KnownHost } from './known-host.ts';

/** A host as it is looked for in the state file. */
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
    up: currentValue(host.up, confirm) === 'yes' ? 1 : 0,
    found: host.up.yes === undefined ? 0 : 1,
    place: sortKeyOf(host),
    latest: latestOf(host),
  };
}

/** What decides where the index has a host. */
export type Place = Pick<HostRow, 'key' | 'place' | 'time'>;

/** As the index has them. */
export function inOrder(a: Place, b: Place): number {
  return compare(a.place, b.place) || a.time - b.time || compare(a.key, b.key);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
