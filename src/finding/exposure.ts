import { SEVERITY } from '../event/event.ts';
import { AddressIndex } from '../nmap/address-index.ts';
import { AddressSet } from '../nmap/address-set.ts';
import { PortSet, whyNoPorts } from '../nmap/port-set.ts';
import { nearest } from '../core/nearest.ts';
import { PortlogError } from '../core/errors.ts';
import { checked, type Finding, type Rule } from './finding.ts';

/** What is expected to be open: schemas/exposure.schema.json. */
export interface ExposureFile {
  readonly networks?: readonly NetworkEntry[];
  /** Absent: the file only describes networks, and nothing is judged. */
  readonly expected?: readonly ExpectedEntry[] | 'none';
}

export interface NetworkEntry {
  readonly network: string;
  readonly zone: string;
  readonly criticality?: 'low' | 'medium' | 'high' | 'critical';
  readonly owner?: string;
  readonly external?: boolean;
}

export interface ExpectedEntry {
  readonly hosts: readonly string[];
  readonly ports: readonly string[];
  readonly reason: string;
  readonly owner?: string;
  /** `2026-12-31`: the last day. */
  readonly expires?: string;
}

export const UNEXPECTED: Rule = {
  id: 'nmap-exposure-unexpected',
  name: 'An unexpected port is open',
  category: 'exposure',
  severity: SEVERITY.medium,
  why: 'It is not in the exposure file: nobody has said that it may be open, and why.',
  remedy: 'Close it, or add it to the exposure file with reason, owner and expiry date.',
  references: ['https://cwe.mitre.org/data/definitions/668.html'],
};
export const EXPIRED: Rule = {
  ...UNEXPECTED,
  id: 'nmap-exposure-expired',
  name: 'A port is open after its expiry date',
  severity: SEVERITY.low,
  why: 'Its expiry date in the exposure file has passed.',
  remedy: 'Close it, or have its owner say that it is still needed.',
};

/** The source of findings from this file. */
export const EXPOSURE = 'exposure';

const BY_CRITICALITY = { low: SEVERITY.low, medium: SEVERITY.medium, high: SEVERITY.high, critical: SEVERITY.critical } as const;
const DAY = 86_400_000;

interface Expectation {
  readonly entry: ExpectedEntry;
  readonly addresses: AddressSet;
  readonly zones: readonly string[];
  readonly ports: readonly { readonly numbers: PortSet; readonly protocol: string }[];
}

/** Compares open ports with the exposure file. */
export class ExposurePolicy {
  private readonly networks: readonly NetworkEntry[];
  private readonly expected: readonly Expectation[] | undefined;
  /** By address: the numbers of networks, and of expectations. There may be a hundred thousand of each. */
  private readonly networksAt: AddressIndex;
  private readonly expectedAt: AddressIndex;
  /** The numbers of expectations by zone. */
  private readonly expectedIn = new Map<string, number[]>();
  /** Zones of its networks. */
  readonly zones: readonly string[];
  /** The expectations of the host that was asked about last: it is asked for each of its ports. */
  private latest: { readonly host: string; readonly entries: readonly Expectation[] } | undefined;

  /**
   * @internal Throws `config-invalid` for an address, zone, port or day that does not exist, and for a file without expectations: an emptied or truncated file
   * must not read as "nothing is wrong". `path` is for the message.
   */
  constructor({ networks = [], expected: given }: ExposureFile, path: string) {
    if (given === undefined) throw emptyFileError(networks.length, path);
    const expected = given === 'none' ? undefined : given;
    this.networks = networks;
    this.networksAt = new AddressIndex(networks.map(({ network }, i) => addresses([network], `${path}: networks.${i}.network`)));
    const known = new Set(networks.map(({ zone }) => zone));
    this.zones = [...known];
    this.expected = expected?.map((entry, i) => {
      const where = `${path}: expected.${i}`;
      const { expires } = entry;
      if (expires !== undefined && !isDay(expires)) throw new PortlogError('config-invalid', `${where}.expires: there is no day ${expires}`);
      const zones = entry.hosts.filter((word) => word.startsWith('zone:')).map((word) => word.slice(5));
      for (const zone of zones) if (!known.has(zone)) throw noZone(zone, this.zones, where);
      const words = entry.hosts.filter((word) => !word.startsWith('zone:'));
      return {
        entry,
        addresses: addresses(words, `${where}.hosts`),
        zones,
        ports: entry.ports.map((ports) => portsOf(ports, where)),
      };
    });
    this.expectedAt = new AddressIndex((this.expected ?? []).map(({ addresses: set }) => set));
    for (const [i, { zones }] of (this.expected ?? []).entries())
      for (const zone of zones) {
        const inZone = this.expectedIn.get(zone);
        if (inZone === undefined) this.expectedIn.set(zone, [i]);
        else inZone.push(i);
      }
  }

  /** Whether it states expectations, not only networks. */
  get judges(): boolean {
    return this.expected !== undefined;
  }

  /** Whether it covers a host: by a network, or by an expectation. */
  covers(ips: readonly string[]): boolean {
    return this.networkOf(ips) !== undefined || this.entriesOf(ips).length > 0;
  }

  /** @internal Whether one of the ports expected on a host was scanned; true when none is expected. */
  namesAny(ips: readonly string[], scanned: ReadonlyMap<string, PortSet>): boolean {
    const entries = this.entriesOf(ips).flatMap(({ ports }) => ports);
    return entries.length === 0 || entries.some(({ numbers, protocol }) => scanned.get(protocol)?.overlaps(numbers) === true);
  }

  /** The network of a host: that of its first address which is in one. */
  networkOf(ips: readonly string[]): NetworkEntry | undefined {
    for (const ip of ips) {
      const found = this.networksAt.first(ip);
      if (found !== undefined) return this.networks[found];
    }
    return undefined;
  }

  /** Whether a port is expected to be open at a time (epoch milliseconds); undefined without expectations. */
  expects(ips: readonly string[], port: number, protocol: string, time: number): boolean | undefined {
    return this.expected === undefined ? undefined : this.entriesFor(ips, port, protocol).some((entry) => !isOver(entry, time));
  }

  /** @internal The finding for an open port at a time (epoch milliseconds); none without expectations. */
  judge(ips: readonly string[], port: number, protocol: string, time: number): Finding | undefined {
    if (this.expects(ips, port, protocol, time) !== false) return undefined;
    const network = this.networkOf(ips);
    const [last] = this.entriesFor(ips, port, protocol).toSorted((a, b) => endOf(b) - endOf(a));
    if (last !== undefined) return checked(EXPIRED, EXPOSURE, `was expected to be open until ${last.expires} (${last.reason})`);
    const severity = Math.max(BY_CRITICALITY[network?.criticality ?? 'medium'], network?.external === true ? SEVERITY.high : 0);
    return checked(UNEXPECTED, EXPOSURE, `is not expected to be open${network === undefined ? '' : ` in zone ${network.zone}`}`, { severity });
  }

  private entriesFor(ips: readonly string[], port: number, protocol: string): readonly ExpectedEntry[] {
    const isFor = ({ ports }: Expectation): boolean => ports.some(({ numbers, protocol: of }) => of === protocol && numbers.has(port));
    return this.entriesOf(ips)
      .filter(isFor)
      .map(({ entry }) => entry);
  }

  private entriesOf(ips: readonly string[]): readonly Expectation[] {
    const host = ips.join(' ');
    if (this.latest?.host !== host) this.latest = { host, entries: this.entriesAt(ips) };
    return this.latest.entries;
  }

  /** In the order of the file. */
  private entriesAt(ips: readonly string[]): readonly Expectation[] {
    const { zone } = this.networkOf(ips) ?? {};
    const found = new Set([...ips.flatMap((ip) => this.expectedAt.all(ip)), ...(zone === undefined ? [] : (this.expectedIn.get(zone) ?? []))]);
    return [...found].sort((a, b) => a - b).flatMap((i) => this.expected?.[i] ?? []);
  }
}

function emptyFileError(networks: number, path: string): PortlogError {
  const what =
    networks === 0 ? 'it says nothing: is it empty, or cut short?' : 'it names networks, and not what is expected to be open: is it cut short?';
  return new PortlogError('config-invalid', `${path}: ${what}`, {
    hint: 'say under "expected" what is expected to be open; [] when nothing is, or none when the file shall only name networks',
  });
}

function isOver(entry: ExpectedEntry, time: number): boolean {
  return time >= endOf(entry);
}

/** When it ends, epoch milliseconds: behind its last day. */
function endOf({ expires }: ExpectedEntry): number {
  return expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires) + DAY;
}

function addresses(words: readonly string[], where: string): AddressSet {
  const set = AddressSet.of(words);
  if (typeof set !== 'string') return set;
  throw new PortlogError('config-invalid', `${where}: "${set}" is not an address or network`, { hint: 'write it like 192.0.2.0/24' });
}

function portsOf(text: string, where: string): Expectation['ports'][number] {
  const [numbers = '', protocol = ''] = text.split('/');
  const why = whyNoPorts(numbers);
  if (why !== undefined) throw new PortlogError('config-invalid', `${where}.ports: "${text}": ${why}`, { hint: 'write it like 80,8000-8100/tcp' });
  return { numbers: PortSet.of(numbers), protocol };
}

function noZone(zone: string, zones: readonly string[], where: string): PortlogError {
  const guess = nearest(zone, zones);
  return new PortlogError('config-invalid', `${where}.hosts: no network is of the zone "${zone}"`, {
    hint: guess === undefined ? 'zones are those under networks' : `did you mean "zone:${guess}"?`,
  });
}

/** JavaScript would read the 31st of June as the first of July. */
function isDay(text: string): boolean {
  const midnight = Date.parse(text);
  return !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(text);
}
