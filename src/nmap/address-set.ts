import { isIP, isIPv4 } from 'node:net';
import { difference, doMeet, doOverlap, isIn, merged, type Range, type Ranges, sizeOf } from './ranges.ts';

/** A limit on memory: target lists come from scans. */
const MAX_RANGES = 1 << 16;

/**
 * A set of IPv4 and IPv6 addresses. Zones (`fe80::1%eth0`) are ignored: they are not part of the address (RFC 4007, section
 * 11), and events carry none either.
 */
export class AddressSet {
  private readonly v4: Ranges;
  private readonly v6: Ranges;
  /** How many addresses. */
  readonly size: number;
  private small: Float64Array | undefined;
  private made: readonly (readonly [first: string, last: string])[] | undefined;

  private constructor(v4: Ranges, v6: Ranges) {
    this.v4 = v4;
    this.v6 = v6;
    this.size = Number(sizeOf(v4) + sizeOf(v6));
  }

  /**
   * @internal From targets as nmap accepts them: `192.0.2.7`, `192.0.2.0/24`, `10.0.0-5.1,7`, `192.168.3.*`, `2001:db8::/64`,
   * `fe80::1%eth0` (https://nmap.org/book/man-target-specification.html). Returns the offending word instead when one is not
   * an address, or makes more than `most` ranges.
   */
  static of(words: readonly string[], most = MAX_RANGES): AddressSet | string {
    const v4: Range[] = [];
    const v6: Range[] = [];
    for (const word of words) {
      const ranges = rangesOf(word, most - v4.length - v6.length);
      if (ranges === undefined) return word;
      (word.includes(':') ? v6 : v4).push(...ranges);
    }
    return new AddressSet(merged(v4), merged(v6));
  }

  /** @internal Number of ranges: the size of the set in memory. */
  get ranges(): number {
    return this.v4.length + this.v6.length;
  }

  /** @internal Its ranges in the form of {@link addressKey}, inclusive. */
  get keys(): readonly (readonly [first: string, last: string])[] {
    const of = (ranges: Ranges, kind: 4 | 6) => ranges.map(([first, last]) => [keyOf(first, kind), keyOf(last, kind)] as const);
    this.made ??= [...of(this.v4, 4), ...of(this.v6, 6)];
    return this.made;
  }

  has(address: string): boolean {
    if (latest.text !== address) latest = { text: address, number: numberOf(address), isV4: isIPv4(address) };
    const { number, isV4 } = latest;
    return number !== undefined && isIn(isV4 ? this.v4 : this.v6, number);
  }

  /** @internal */
  without(other: AddressSet): AddressSet {
    return new AddressSet(difference(this.v4, other.v4), difference(this.v6, other.v6));
  }

  /** @internal */
  overlaps(other: AddressSet): boolean {
    return doMeet(this.numbers, other.numbers) || doOverlap(this.v6, other.v6);
  }

  /** Its ranges of IPv4, the first and the last of each, in numbers that are quickly compared: a run is compared with many. */
  private get numbers(): Float64Array {
    this.small ??= Float64Array.from(this.v4.flat(), Number);
    return this.small;
  }
}

/** Of one address it is asked whether it is in many sets, one behind another. */
let latest: { readonly text: string; readonly number: bigint | undefined; readonly isV4: boolean } = { text: '', number: undefined, isV4: false };

/** A sort key for a database index: `4c0000207` for 192.0.2.7. Undefined when the text is not an address. */
export function addressKey(text: string): string | undefined {
  // Without large numbers: it is asked for with each host.
  if (isIPv4(text)) return `4${text.split('.').map(hexOctet).join('')}`;
  const number = numberOf(text);
  return number === undefined ? undefined : keyOf(number, 6);
}

function hexOctet(octet: string): string {
  return Number(octet).toString(16).padStart(2, '0');
}

function keyOf(number: bigint, kind: 4 | 6): string {
  return `${kind}${number.toString(16).padStart(kind === 4 ? 8 : 32, '0')}`;
}

function rangesOf(word: string, most: number): readonly Range[] | undefined {
  const [address = '', bits, ...more] = word.split('/');
  const number = numberOf(address);
  if (more.length > 0 || most < 1) return undefined;
  if (number !== undefined) return subnet(number, isIPv4(address) ? 32 : 128, bits);
  const octets = bits === undefined ? octetsOf(word) : undefined;
  return octets && product(octets, most);
}

function subnet(number: bigint, width: number, bits = String(width)): readonly Range[] | undefined {
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > width) return undefined;
  const size = 1n << BigInt(width - Number(bits));
  const first = number - (number % size);
  return [[first, first + size - 1n]];
}

/** The address as a number; undefined when the text is not an address. */
function numberOf(text: string): bigint | undefined {
  const kind = isIP(text);
  if (kind === 0) return undefined;
  if (kind === 4) return BigInt(text.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0));
  const [address = ''] = text.split('%');
  // `::ffff:192.0.2.7` in the form without dots.
  const plain = address.replace(/\b(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/, (_, a, b, c, d) => {
    const half = (high: string, low: string): string => (Number(high) * 256 + Number(low)).toString(16);
    return `${half(a as string, b as string)}:${half(c as string, d as string)}`;
  });
  const [left = '', right] = plain.split('::');
  const groups = (part: string): readonly string[] => (part === '' ? [] : part.split(':'));
  const [head, tail] = [groups(left), groups(right ?? '')];
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  return [...head, ...zeros, ...tail].reduce((sum, group) => sum * 0x10000n + BigInt(`0x${group}`), 0n);
}

/** `10.0.0-5.1,7` or `192.168.3.*`, as four lists of ranges. */
function octetsOf(word: string): readonly Ranges[] | undefined {
  const parts = word.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:\*|[\d,-]+)$/.test(part))) return undefined;
  const octets = parts.map((part) => part.split(',').map(octetRange));
  return octets.flat().every((range) => range !== undefined) ? octets.map((ranges) => merged(ranges as readonly Range[])) : undefined;
}

function octetRange(text: string): Range | undefined {
  const [, first = '', , last = ''] = /^(\d{0,3})(-(\d{0,3}))?$/.exec(text === '*' ? '-' : text) ?? ['', 'x'];
  const from = first === '' ? 0 : Number(first);
  const to = text.includes('-') || text === '*' ? (last === '' ? 255 : Number(last)) : from;
  return Number.isNaN(from) || text === '' || to > 255 || from > to ? undefined : [BigInt(from), BigInt(to)];
}

/** The ranges of all combinations; an octet that is followed only by `0-255` gives one range. */
function product(octets: readonly Ranges[], most: number): readonly Range[] | undefined {
  const free = octets.findLastIndex((ranges) => ranges.length !== 1 || sizeOf(ranges) !== 256n);
  const size = 256n ** BigInt(3 - Math.max(free, 0));
  let prefixes: readonly bigint[] = [0n];
  for (const ranges of octets.slice(0, Math.max(free, 0))) {
    const values = ranges.flatMap(([first, last]) => Array.from({ length: Number(last - first) + 1 }, (_, i) => first + BigInt(i)));
    if (prefixes.length * values.length > most) return undefined;
    prefixes = prefixes.flatMap((prefix) => values.map((value) => prefix * 256n + value));
  }
  const last = octets[Math.max(free, 0)] ?? [];
  if (prefixes.length * last.length > most) return undefined;
  return prefixes.flatMap((prefix) => last.map(([from, to]) => [(prefix * 256n + from) * size, (prefix * 256n + to + 1n) * size - 1n] as const));
}
