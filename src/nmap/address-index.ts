import { addressKey, type AddressSet } from './address-set.ts';

/** Stands behind every key that begins like it, and in front of all greater ones. */
const BEHIND = '~';

/**
 * Finds which of very many sets of addresses contain an address, without asking each: a segment tree over all bounds, of n ranges in n log n, asked
 * in log n and the number of sets found.
 */
export class AddressIndex {
  /** Where some range begins or has ended, ascending. */
  private readonly bounds: readonly string[];
  /** By node of the tree: the numbers of the sets that contain all of its addresses, ascending. */
  private readonly sets = new Map<number, number[]>();

  constructor(sets: readonly AddressSet[]) {
    const ranges = sets.flatMap(({ keys }, set) => keys.map(([first, last]) => ({ first, end: last + BEHIND, set })));
    this.bounds = [...new Set(ranges.flatMap(({ first, end }) => [first, end]))].sort();
    const places = new Map(this.bounds.map((bound, place) => [bound, place]));
    for (const { first, end, set } of ranges) this.insert(places.get(first) ?? 0, places.get(end) ?? 0, set);
  }

  /** The number of the first set that contains an address. */
  first(address: string): number | undefined {
    let found: number | undefined;
    this.walk(address, ([set]) => {
      if (set !== undefined && (found === undefined || set < found)) found = set;
    });
    return found;
  }

  /** The numbers of all of them. */
  all(address: string): readonly number[] {
    const found: number[] = [];
    this.walk(address, (sets) => {
      for (const set of sets) found.push(set);
    });
    return found;
  }

  /** A set contains what lies between two bounds. */
  private insert(from: number, to: number, set: number): void {
    const size = this.bounds.length;
    for (let [low, high] = [from + size, to + size]; low < high; [low, high] = [low >> 1, high >> 1]) {
      if (low % 2 === 1) this.add(low++, set);
      if (high % 2 === 1) this.add(--high, set);
    }
  }

  private add(node: number, set: number): void {
    const sets = this.sets.get(node);
    if (sets === undefined) this.sets.set(node, [set]);
    else sets.push(set);
  }

  private walk(address: string, visit: (sets: readonly number[]) => void): void {
    const place = this.placeOf(addressKey(address));
    if (place === undefined) return;
    for (let node = place + this.bounds.length; node > 0; node >>= 1) {
      const sets = this.sets.get(node);
      if (sets !== undefined) visit(sets);
    }
  }

  /** The last bound that is not behind a key. */
  private placeOf(key: string | undefined): number | undefined {
    if (key === undefined) return undefined;
    let [low, high] = [0, this.bounds.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.bounds[middle] as string) <= key) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? undefined : low - 1;
  }
}
