/*
 * What is known of a host, independent of the order in which scans are read: sets of times of which the first and last are
 * kept, and values of which the latest counts. Times are epoch milliseconds; `scan` is the number of a scan in the state file.
 * All of it is JSON.
 */
import { hasPorts } from '../nmap/transport.ts';
import { entriesOf } from './large-table.ts';

/** When something was found: first time, and latest times, newest first. */
export interface TestTimes {
  first: number;
  times: number[];
  /** When it was first found again after the opposite; absent if never, or before portlog recorded it. */
  again?: number;
}

/** Tests with two opposite results: open or not, up or down. */
export interface OppositeTests {
  yes?: TestTimes;
  no?: TestTimes;
  /** The latest result. */
  last?: 'yes' | 'no';
}

/** The latest of several values, and since when it is known to hold: its first sighting, or the last one of another value. */
export interface LatestValue<T> {
  value: T;
  at: number;
  scan: number;
  since: number;
  /** Another value was seen before. */
  replaced?: true;
}

export interface Service {
  readonly name: string;
  /** Product, version and what nmap adds, as people read it. */
  readonly version: string;
  /** Lengths of product and version in the text; not stored by earlier versions of portlog. */
  readonly ends?: readonly [product: number, version: number];
}

export interface Certificate {
  readonly fingerprint: string;
  readonly subject: string | undefined;
  readonly notAfter: string | undefined;
}

/** The latest host key of a type that an SSH server has shown: `ssh-ed25519`, `SHA256:…`. */
export interface KnownHostKey {
  readonly type: string;
  readonly key: LatestValue<string>;
}

export interface KnownPort {
  readonly protocol: string;
  readonly number: number;
  readonly open: OppositeTests;
  /** State in nmap's words, of the latest test. */
  state: string;
  at: number;
  scan: number;
  /** Service name from nmap's table of port numbers. */
  guess?: LatestValue<string>;
  /** Service from version detection (`-sV`). */
  service?: LatestValue<Service>;
  certificate?: LatestValue<Certificate>;
  hostKeys?: readonly KnownHostKey[];
  /** Number of unconfirmed findings (guesses and the like) of the latest listing, which are not kept. */
  unconfirmed?: number;
}

/** Ports that were tested and never open, without records of their own. */
export interface TestedPorts {
  readonly protocol: string;
  /** A list of ports as nmap writes it. */
  readonly ports: string;
  readonly tests: TestTimes;
  state: string;
  scan: number;
}

/** A finding, by its key at the host: `443/tcp nmap-certificate-expired`, or without a port. */
export interface KnownFinding {
  /** `443/tcp`; undefined for the host itself. */
  readonly port?: string;
  /** Distinguishes findings at the same port or host. */
  readonly key: string;
  readonly open: OppositeTests;
  /** Time of the latest sighting. */
  at: number;
  scan: number;
  rule: { readonly id: string; readonly name: string; readonly category?: string };
  title: string;
  /** The future day that the title mentions, `2026-01-31`; not stored by earlier versions. */
  due?: string;
  severity: number;
  /** The source that must look again before the finding can be resolved. */
  source: string;
  vulnerability?: string;
  /** It once answered without a password, which was told. */
  openAccess?: true;
  /** At the latest sighting, an exploit was public or in use. */
  exploited?: true;
}

export interface KnownHost {
  readonly key: string;
  readonly up: OppositeTests;
  /** Time of the latest sighting. */
  time: number;
  scan: number;
  /** Marks of the sightings at that time, so that none is processed twice. */
  marks: string[];
  ips: readonly string[];
  name?: LatestValue<string>;
  mac?: LatestValue<string>;
  ip?: LatestValue<string>;
  os?: LatestValue<string>;
  readonly ports: Record<string, KnownPort>;
  tested: TestedPorts[];
  /** The state of the host in the last sent inventory records of its ports; absent when these must be sent again. */
  recorded?: 'up' | 'down';
  /** The same for records of its findings; earlier versions did not send these. */
  recordedFindings?: 'up' | 'down';
  /** Revision of its inventory records, see `change/revision`. Absent in data of earlier versions. */
  revision?: number;
  readonly findings: Record<string, KnownFinding>;
}

/** A host about which nothing is known. */
export function unknownHost(key: string): KnownHost {
  return { key, up: {}, time: Number.NEGATIVE_INFINITY, scan: 0, marks: [], ips: [], ports: {}, tested: [], findings: {} };
}

/** Adds a time to a set that keeps the first and the latest `keep` times. */
export function withTime(tests: TestTimes | undefined, time: number, keep: number): TestTimes {
  if (tests === undefined) return { first: time, times: [time] };
  if (time > lastOf(tests)) return { ...tests, times: [time, ...tests.times.slice(0, keep - 1)] };
  const times = [...new Set([time, ...tests.times])].sort((a, b) => b - a);
  return { ...tests, first: Math.min(tests.first, time), times: times.slice(0, keep) };
}

export function lastOf(tests: TestTimes | undefined): number {
  return tests?.times[0] ?? Number.NEGATIVE_INFINITY;
}

/** Records a result. `keep`: how many times of `no` to keep, for confirmation. `late`: of equal times, the existing one counts. */
export function note(
  opposites: OppositeTests,
  what: 'yes' | 'no',
  time: number,
  { keep, late }: { readonly keep: number; readonly late: boolean },
): void {
  const newest = isNewest(opposites, time, late);
  const [before, other] = [opposites[what], opposites[what === 'yes' ? 'no' : 'yes']];
  const own = withTime(before, time, what === 'yes' ? 1 : keep);
  opposites[what] = startedAt(own, before === undefined ? time : began(before, latestBefore(other, lastOf(own)), time));
  // For a late result, only the latest times after it are kept.
  if (other !== undefined && time > beganOf(other) && time < lastOf(other))
    opposites[what === 'yes' ? 'no' : 'yes'] = startedAt(other, Math.min(...other.times.filter((one) => one > time)));
  if (newest) opposites.last = what;
}

/** When a result was first found after the opposite one, given another result at `time`. */
function began(before: TestTimes, opposite: number, time: number): number {
  const was = beganOf(before);
  if (time > lastOf(before)) return opposite > lastOf(before) ? time : was;
  return time > opposite ? Math.min(time, was) : was;
}

function beganOf({ first, again }: TestTimes): number {
  return again ?? first;
}

function startedAt({ first, times }: TestTimes, again: number): TestTimes {
  return again === first ? { first, times } : { first, times, again };
}

function latestBefore(tests: TestTimes | undefined, time: number): number {
  if (tests === undefined) return Number.NEGATIVE_INFINITY;
  // Written as a loop, like the others here: a scan asks this for every known port of its hosts.
  let latest = tests.first <= time ? tests.first : Number.NEGATIVE_INFINITY;
  for (const one of tests.times) if (one <= time && one > latest) latest = one;
  return latest;
}

/** Whether no result is later; of equal times, the existing one counts when this one is `late`. */
export function isNewest({ yes, no }: OppositeTests, time: number, late: boolean): boolean {
  const last = Math.max(lastOf(yes), lastOf(no));
  return time > last || (time === last && !late);
}

/** The current result: `yes` until `no` was found `confirm` times since. Undefined without any result. */
export function currentValue({ yes, no, last }: OppositeTests, confirm: number): 'yes' | 'no' | undefined {
  if (yes === undefined) return no === undefined ? undefined : 'no';
  if (no === undefined) return 'yes';
  const since = lastOf(yes);
  let found = 0;
  for (const time of no.times) if (time > since || (time === since && last === 'no')) found++;
  return found >= confirm ? 'no' : 'yes';
}

/**
 * Since when a host is silent; undefined if it is not. With `-Pn` nmap takes every host as up, so a port without an answer may be filtered or
 * its host down. A host is silent if all its open ports have ceased to answer that way: after the last time that anything answered.
 */
export function silentSince({ up, ports }: Pick<KnownHost, 'up' | 'ports'>, confirm: number): number | undefined {
  let first: number | undefined;
  // From the end, because what was found last is more likely to be open; some hosts have very many ports.
  const all = entriesOf(ports);
  for (let i = all.length - 1; i >= 0; i--) {
    const open = all[i]?.[1].open ?? {};
    if (currentValue(open, confirm) === 'yes') return undefined;
    if (isSilenced(open, lastOf(up.yes))) first = Math.min(first ?? Number.POSITIVE_INFINITY, since(open, 'no') ?? Number.POSITIVE_INFINITY);
  }
  return first;
}

/** Whether a port that was open has ceased to answer after its host last answered. */
export function isSilenced(open: OppositeTests, answered: number): boolean {
  // It was not open since at latest the last time that it was found so.
  return open.yes !== undefined && lastOf(open.no) > answered && (since(open, 'no') ?? Number.NEGATIVE_INFINITY) > answered;
}

/** Whether a host is up, as far as known: `no` also for one that is silent. */
export function presenceOf(host: Pick<KnownHost, 'up' | 'ports'>, confirm: number): 'yes' | 'no' | undefined {
  const value = currentValue(host.up, confirm);
  return value === 'yes' && silentSince(host, confirm) !== undefined ? 'no' : value;
}

/** Since when that holds. */
export function presenceSince(host: Pick<KnownHost, 'up' | 'ports'>, confirm: number): number | undefined {
  const value = currentValue(host.up, confirm);
  const silent = value === 'yes' ? silentSince(host, confirm) : undefined;
  return silent ?? (value && since(host.up, value));
}

/** Since when the current result is known to hold: the first one after the opposite. For older data, the last opposite result, which is too early. */
export function since({ yes, no }: OppositeTests, what: 'yes' | 'no'): number | undefined {
  const [own, other] = what === 'yes' ? [yes, no] : [no, yes];
  if (own === undefined) return undefined;
  return Math.max(own.first, latestBefore(other, lastOf(own)), own.again ?? Number.NEGATIVE_INFINITY);
}

/** The value with a sighting of it added. */
export function withValue<T>(
  register: LatestValue<T> | undefined,
  value: T,
  { time, scan, late }: { readonly time: number; readonly scan: number; readonly late: boolean },
  isSame: (a: T, b: T) => boolean = Object.is,
): LatestValue<T> {
  if (register === undefined) return { value, at: time, scan, since: time };
  const { at, replaced } = register;
  const isNewer = time > at || (time === at && !late);
  if (isSame(register.value, value)) {
    const began = replaced === true ? register.since : Math.min(register.since, time);
    return isNewer ? { ...register, value, at: time, scan, since: began } : { ...register, since: began };
  }
  if (isNewer) return { value, at: time, scan, since: at, replaced: true };
  return { ...register, since: replaced === true ? Math.max(register.since, time) : time, replaced: true };
}

/** Number of open ports, and of IP protocols that answer (`nmap -sO`, pings of masscan), of a host. */
export function openAt({ ports }: Pick<KnownHost, 'ports'>): { readonly ports: number; readonly protocols: number } {
  const open = Object.values(ports).filter((port) => currentValue(port.open, 1) === 'yes');
  const real = open.filter(isPort).length;
  return { ports: real, protocols: open.length - real };
}

/** Whether it is a port, rather than an IP protocol (`nmap -sO`). */
export function isPort({ protocol }: Pick<KnownPort, 'protocol'>): boolean {
  return hasPorts(protocol);
}
