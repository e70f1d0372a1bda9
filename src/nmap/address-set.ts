import { isIP, isIPv4 } from 'node:net';
import { countOf, doNumbersMeet, isInNumbers, mergedNumbers, type NumberRanges, numbersWithout, widerNumbers } from './number-ranges.ts';
import { difference, doOverlap, isIn, merged, type Range, type Ranges, sizeOf, widerRanges } from './ranges.ts';

/** Most ranges in a set. Target lists come from scans, so their memory must be bounded. */
const MAX_RANGES = 1 << 16;

/**
 * A set of IPv4 and IPv6 addresses. Zones (`fe80::1%eth0`) are ignored: they are not part of the address (RFC 4007, section
 * 11), and events carry none either.
 */
export class AddressSet {
  private readonly v4: NumberRanges;
  private readonly v6: Ranges;
  /** Number of addresses. */
  readonly size: number;
  private made: readonly (readonly [first: string, last: string])[] | undefined;

  private constructor(v4: NumberRanges, v6: Ranges) {
    this.v4 = v4;
    this.v6 = v6;
    this.size = countOf(v4) + Number(sizeOf(v6));
  }

  /**
   * @internal From targets as nmap accepts them: `192.0.2.7`, `192.0.2.0/24`, `10.0.0-5.1,7`, `192.168.3.*`, `2001:db8::/64`,
   * `fe80::1%eth0` (https://nmap.org/book/man-target-specification.html). Returns the offending word instead when one is not
   * an address, or makes more than `most` ranges.
   */
  static of(words: readonly string[], most = MAX_RANGES): AddressSet | string {
    const v4: number[] = [];
    const v6: Range[] = [];
    for (const word of words) {
      const room = most - v4.length / 2 - v6.length;
      const isTaken = word.includes(':') ? takeV6(v6, word, room) : takeV4(v4, word, room);
      if (!isTaken) return word;
    }
    return new AddressSet(mergedNumbers(v4), merged(v6));
  }

  /** @internal Number of ranges: the size of the set in memory. */
  get ranges(): number {
    return this.v4.length / 2 + this.v6.length;
  }

  /** @internal The ranges as pairs of keys (see {@link addressKey}), both ends included. */
  get keys(): readonly (readonly [first: string, last: string])[] {
    this.made ??= [...keysOf(this.v4), ...keysOfV6(this.v6)];
    return this.made;
  }

  /** @internal The same; more than `most` are joined to about `wider` ones, which also contain what is between them. */
  fewKeys(most: number, wider: number): AddressSet['keys'] {
    if (this.ranges <= most) return this.keys;
    const families = Number(this.v4.length > 0) + Number(this.v6.length > 0);
    const each = Math.ceil(this.ranges / (wider - families));
    return [...keysOf(widerNumbers(this.v4, each)), ...keysOfV6(widerRanges(this.v6, each))];
  }

  /** @internal The first and the last key. */
  get bounds(): readonly [first: string, last: string] {
    const [v4, v6] = [keysOf(this.v4.subarray(0, 2))[0], keysOfV6(this.v6.slice(-1))[0]];
    const first = v4?.[0] ?? keysOfV6(this.v6.slice(0, 1))[0]?.[0];
    const last = v6?.[1] ?? keysOf(this.v4.subarray(-2))[0]?.[1];
    return [first ?? '', last ?? ''];
  }

  /** @internal Whether an address is in it, by its key. False for what is not the key of an address. */
  hasKey(key: string): boolean {
    if (!/^(?:4[\da-f]{8}|6[\da-f]{32})$/.test(key)) return false;
    return key.startsWith('4') ? isInNumbers(this.v4, Number.parseInt(key.slice(1), 16)) : isIn(this.v6, BigInt(`0x${key.slice(1)}`));
  }

  has(address: string): boolean {
    if (latest.text !== address) latest = { text: address, v4: numberOfV4(address), v6: numberOfV6(address) };
    const { v4, v6 } = latest;
    return v4 === undefined ? v6 !== undefined && isIn(this.v6, v6) : isInNumbers(this.v4, v4);
  }

  /** @internal The addresses that are not in the other set. */
  without(other: AddressSet): AddressSet {
    return new AddressSet(numbersWithout(this.v4, other.v4), difference(this.v6, other.v6));
  }

  /** @internal Whether any address is in both sets. */
  overlaps(other: AddressSet): boolean {
    return doNumbersMeet(this.v4, other.v4) || doOverlap(this.v6, other.v6);
  }
}

/** The address that was parsed last, because callers ask many sets in a row about the same one. */
let latest: { readonly text: string; readonly v4: number | undefined; readonly v6: bigint | undefined } = { text: '', v4: undefined, v6: undefined };

function keysOfV6(ranges: Ranges): AddressSet['keys'] {
  return ranges.map(([first, last]) => [keyOf(first, 6), keyOf(last, 6)] as const);
}

function keysOf(ranges: NumberRanges): AddressSet['keys'] {
  return Array.from({ length: ranges.length / 2 }, (_, i) => [keyOf(ranges[2 * i] ?? 0, 4), keyOf(ranges[2 * i + 1] ?? 0, 4)] as const);
}

/** A sort key for a database index: `4c0000207` for 192.0.2.7. Undefined when the text is not an address. */
export function addressKey(text: string): string | undefined {
  // Without BigInt, which is slow: this runs for each host.
  if (isIPv4(text)) return `4${text.split('.').map(hexOctet).join('')}`;
  const number = numberOfV6(text);
  return number === undefined ? undefined : keyOf(number, 6);
}

function hexOctet(octet: string): string {
  return Number(octet).toString(16).padStart(2, '0');
}

function keyOf(number: number | bigint, kind: 4 | 6): string {
  return `${kind}${number.toString(16).padStart(kind === 4 ? 8 : 32, '0')}`;
}

/** Adds an IPv4 target to `ranges`. False when it is not an address, or needs more than `room` ranges. */
function takeV4(ranges: number[], word: string, room: number): boolean {
  const [address = '', bits, ...more] = word.split('/');
  const number = numberOfV4(address);
  if (more.length > 0 || room < 1) return false;
  if (number === undefined) {
    const octets = bits === undefined ? octetsOf(word) : undefined;
    return octets !== undefined && takeProduct(ranges, octets, room);
  }
  if (!isWidth(bits, 32)) return false;
  const size = 2 ** (32 - Number(bits ?? 32));
  const first = number - (number % size);
  ranges.push(first, first + size - 1);
  return true;
}

function takeV6(ranges: Range[], word: string, room: number): boolean {
  const [address = '', bits, ...more] = word.split('/');
  const number = numberOfV6(address);
  if (number === undefined || more.length > 0 || room < 1 || !isWidth(bits, 128)) return false;
  const size = 1n << BigInt(128 - Number(bits ?? 128));
  const first = number - (number % size);
  ranges.push([first, first + size - 1n]);
  return true;
}

function isWidth(bits: string | undefined, most: number): boolean {
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
}

function numberOfV4(text: string): number | undefined {
  return isIPv4(text) ? text.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0) : undefined;
}

function numberOfV6(text: string): bigint | undefined {
  if (isIP(text) !== 6) return undefined;
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
function octetsOf(word: string): readonly NumberRanges[] | undefined {
  const parts = word.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:\*|[\d,-]+)$/.test(part))) return undefined;
  const octets = parts.map((part) => part.split(',').map(octetRange));
  return octets.flat().includes(undefined) ? undefined : octets.map((ranges) => mergedNumbers(ranges.flatMap((range) => range ?? [])));
}

function octetRange(text: string): readonly [first: number, last: number] | undefined {
  const [, first = '', , last = ''] = /^(\d{0,3})(-(\d{0,3}))?$/.exec(text === '*' ? '-' : text) ?? ['', 'x'];
  const from = first === '' ? 0 : Number(first);
  const to = text.includes('-') || text === '*' ? (last === '' ? 255 : Number(last)) : from;
  return Number.isNaN(from) || text === '' || to > 255 || from > to ? undefined : [from, to];
}

/** The ranges of all combinations; an octet that is followed only by `0-255` gives one range. */
function takeProduct(ranges: number[], octets: readonly NumberRanges[], room: number): boolean {
  const free = Math.max(
    octets.findLastIndex((octet) => countOf(octet) !== 256),
    0,
  );
  const last = octets[free] ?? new Float64Array();
  const size = 256 ** (3 - free);
  let prefixes: readonly number[] = [0];
  for (const octet of octets.slice(0, free)) {
    if (prefixes.length * countOf(octet) > room) return false;
    const values = numbersIn(octet);
    prefixes = prefixes.flatMap((prefix) => values.map((value) => prefix * 256 + value));
  }
  if ((prefixes.length * last.length) / 2 > room) return false;
  for (const prefix of prefixes)
    for (let i = 0; i < last.length; i += 2) ranges.push((prefix * 256 + (last[i] ?? 0)) * size, (prefix * 256 + (last[i + 1] ?? 0) + 1) * size - 1);
  return true;
}

function numbersIn(ranges: NumberRanges): readonly number[] {
  const numbers: number[] = [];
  for (let i = 0; i < ranges.length; i += 2) for (let number = ranges[i] ?? 0; number <= (ranges[i + 1] ?? 0); number++) numbers.push(number);
  return numbers;
}
