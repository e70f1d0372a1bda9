import { isIP, isIPv4 } from 'node:net';

/** First and last address, inclusive, as numbers. */
type Range = readonly [first: bigint, last: bigint];

/** More ranges than anybody writes down; a set of more would cost memory that a stranger chooses. */
const MAX_RANGES = 1 << 16;

/** IPv4 and IPv6 addresses, as ranges in order that do not touch each other. */
export class AddressSet {
  private readonly v4: readonly Range[];
  private readonly v6: readonly Range[];

  private constructor(v4: readonly Range[], v6: readonly Range[]) {
    this.v4 = v4;
    this.v6 = v6;
  }

  /**
   * From words as nmap takes them for targets: `192.0.2.7`, `192.0.2.0/24`, `10.0.0-5.1,7`, `192.168.3.*`,
   * `2001:db8::/64` (https://nmap.org/book/man-target-specification.html). The word that is no address
   * instead, if there is one.
   */
  static of(words: readonly string[]): AddressSet | string {
    const v4: Range[] = [];
    const v6: Range[] = [];
    for (const word of words) {
      const ranges = rangesOf(word);
      if (ranges === undefined || v4.length + v6.length + ranges.length > MAX_RANGES) return word;
      (word.includes(':') ? v6 : v4).push(...ranges);
    }
    return new AddressSet(merged(v4), merged(v6));
  }

  /** How many addresses. */
  get size(): number {
    return Number([...this.v4, ...this.v6].reduce((sum, [first, last]) => sum + last - first + 1n, 0n));
  }

  has(address: string): boolean {
    const kind = isIP(address);
    if (kind === 0 || address.includes('%')) return false;
    const number = numberOf(address);
    return (kind === 4 ? this.v4 : this.v6).some(([first, last]) => first <= number && number <= last);
  }

  without(other: AddressSet): AddressSet {
    return new AddressSet(difference(this.v4, other.v4), difference(this.v6, other.v6));
  }

  overlaps(other: AddressSet): boolean {
    return this.without(other).size < this.size;
  }
}

function rangesOf(word: string): readonly Range[] | undefined {
  const [address = '', bits, ...more] = word.split('/');
  const kind = isIP(address);
  if (more.length > 0) return undefined;
  if (kind !== 0) return subnet(address, kind === 6 ? 128 : 32, bits);
  const octets = bits === undefined ? octetsOf(word) : undefined;
  return octets && product(octets);
}

function subnet(address: string, width: number, bits = String(width)): readonly Range[] | undefined {
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > width) return undefined;
  const size = 1n << BigInt(width - Number(bits));
  const number = numberOf(address);
  const first = number - (number % size);
  return [[first, first + size - 1n]];
}

function numberOf(address: string): bigint {
  if (isIPv4(address)) return address.split('.').reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
  // `::ffff:192.0.2.7` in the form without dots.
  const text = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => {
    const half = (high: string, low: string): string => (Number(high) * 256 + Number(low)).toString(16);
    return `${half(a as string, b as string)}:${half(c as string, d as string)}`;
  });
  const [left = '', right] = text.split('::');
  const groups = (part: string): readonly string[] => (part === '' ? [] : part.split(':'));
  const [head, tail] = [groups(left), groups(right ?? '')];
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  return [...head, ...zeros, ...tail].reduce((sum, group) => sum * 0x10000n + BigInt(`0x${group}`), 0n);
}

type Octets = readonly (readonly [first: number, last: number])[];

/** `10.0.0-5.1,7` or `192.168.3.*`, as four lists of ranges. */
function octetsOf(word: string): readonly Octets[] | undefined {
  const parts = word.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:\*|[\d,-]+)$/.test(part))) return undefined;
  const octets = parts.map((part) => part.split(',').map(octetRange));
  return octets.flat().every((range) => range !== undefined) ? (octets as readonly Octets[]) : undefined;
}

function octetRange(text: string): readonly [number, number] | undefined {
  const [, first = '', , last = ''] = /^(\d{0,3})(-(\d{0,3}))?$/.exec(text === '*' ? '-' : text) ?? ['', 'x'];
  const from = first === '' ? 0 : Number(first);
  const to = text.includes('-') || text === '*' ? (last === '' ? 255 : Number(last)) : from;
  return Number.isNaN(from) || text === '' || to > 255 || from > to ? undefined : [from, to];
}

/** Every combination; an octet whose followers are all free is one range. */
function product(octets: readonly Octets[]): readonly Range[] | undefined {
  const free = octets.findLastIndex((ranges) => ranges.length !== 1 || ranges[0]?.[0] !== 0 || ranges[0][1] !== 255);
  const size = 256n ** BigInt(3 - Math.max(free, 0));
  let prefixes: readonly bigint[] = [0n];
  for (const ranges of octets.slice(0, Math.max(free, 0))) {
    const values = ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => BigInt(first + i)));
    if (prefixes.length * values.length > MAX_RANGES) return undefined;
    prefixes = prefixes.flatMap((prefix) => values.map((value) => prefix * 256n + value));
  }
  const last = octets[Math.max(free, 0)] ?? [];
  if (prefixes.length * last.length > MAX_RANGES) return undefined;
  return prefixes.flatMap((prefix) =>
    last.map(([from, to]) => [(prefix * 256n + BigInt(from)) * size, (prefix * 256n + BigInt(to) + 1n) * size - 1n] as const),
  );
}

function merged(ranges: readonly Range[]): readonly Range[] {
  const sorted = [...ranges].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const result: [bigint, bigint][] = [];
  for (const [first, last] of sorted) {
    const before = result.at(-1);
    if (before === undefined || first > before[1] + 1n) result.push([first, last]);
    else if (last > before[1]) before[1] = last;
  }
  return result;
}

function difference(from: readonly Range[], away: readonly Range[]): readonly Range[] {
  return from.flatMap(([first, last]) => {
    const left: Range[] = [];
    let at = first;
    for (const [start, end] of away) {
      if (end < at || start > last) continue;
      if (start > at) left.push([at, start - 1n]);
      at = end + 1n;
    }
    if (at <= last) left.push([at, last]);
    return left;
  });
}
