/**
 * A scan in nmap's own words: what docs/nmap.dtd of nmap 7.9x describes, what older versions and
 * masscan write, and nothing else. Absent attributes are `undefined`, so every object of a kind has
 * the same shape. Attributes that the DTD calls numbers are numbers here; one that is not a number
 * is `undefined` and named in `malformed`, because a reader must neither guess nor lose it.
 */

/** `nmaprun` with the elements that nmap writes before the first host. Times are epoch seconds. */
export interface Run {
  readonly scanner: string | undefined;
  readonly version: string | undefined;
  readonly xmloutputversion: string | undefined;
  readonly args: string | undefined;
  readonly start: number | undefined;
  readonly startstr: string | undefined;
  readonly profileName: string | undefined;
  readonly scaninfo: readonly ScanInfo[];
  readonly verbose: number | undefined;
  readonly debugging: number | undefined;
  /** As in {@link Host}; undefined when there are none. */
  readonly malformed?: readonly string[] | undefined;
}

/** One `scaninfo` per protocol. `services` is nmap's range list, for example `1-1000,8080`. */
export interface ScanInfo {
  readonly type: string | undefined;
  readonly protocol: string | undefined;
  readonly numservices: number | undefined;
  readonly services: string | undefined;
  readonly scanflags: string | undefined;
}

/** `host`. Times are epoch seconds. `ports` can be walked more than once. */
export interface Host {
  readonly starttime: number | undefined;
  readonly endtime: number | undefined;
  readonly timedout: boolean | undefined;
  readonly comment: string | undefined;
  readonly status: Status | undefined;
  readonly addresses: readonly Address[];
  readonly hostnames: readonly Hostname[];
  readonly smurfs: readonly number[];
  readonly ports: Iterable<Port>;
  readonly extraports: readonly ExtraPorts[];
  /** nmap 3.x: open ports announced while it was still scanning; listed again under `ports`. */
  readonly addports: readonly AddPort[];
  readonly os: Os | undefined;
  readonly distance: number | undefined;
  readonly uptime: Uptime | undefined;
  readonly tcpsequence: Sequence | undefined;
  readonly ipidsequence: Sequence | undefined;
  readonly tcptssequence: Sequence | undefined;
  readonly hostscripts: readonly Script[];
  readonly traces: readonly Trace[];
  readonly times: Times | undefined;
  /** Attributes that are not the number or time that they should be, as `element@attribute=value`, and notes about other damage. */
  readonly malformed: readonly string[];
  /** Scripts and the ends of long words are left out, because it is very long. */
  readonly isShortened?: boolean;
  /** The element as it was written, ports and all, with `\n` for every line end. */
  readonly source: string;
}

/** `hosthint`: an early sighting that nmap repeats as `host` later. */
export interface HostHint {
  readonly status: Status | undefined;
  readonly addresses: readonly Address[];
  readonly hostnames: readonly Hostname[];
}

/** `state` is up, down, unknown or skipped. */
export interface Status {
  readonly state: string | undefined;
  readonly reason: string | undefined;
  readonly reasonTtl: number | undefined;
}

/** `addrtype` is ipv4 (which absence means), ipv6 or mac. */
export interface Address {
  readonly addr: string;
  readonly addrtype: string | undefined;
  readonly vendor: string | undefined;
}

/** `type` is `user` (given on the command line) or `PTR`. */
export interface Hostname {
  readonly name: string | undefined;
  readonly type: string | undefined;
}

/** `portid` as written; `number` when it is one in 0..65535 (an IP protocol number for `protocol="ip"`). */
export interface Port {
  readonly protocol: string | undefined;
  readonly portid: string;
  readonly number: number | undefined;
  state: PortState | undefined;
  owner: string | undefined;
  service: Service | undefined;
  readonly scripts: Script[];
  /** The element as it was written, with `\n` for every line end; a part of event ids. */
  source: string;
  /** How often the host lists it again right behind, word for word; absent where it does not. nmap never does. */
  repeated?: number;
}

/** `state` is free text; nmap writes open, closed, filtered, unfiltered, open|filtered, closed|filtered. */
export interface PortState {
  readonly state: string | undefined;
  readonly reason: string | undefined;
  readonly reasonTtl: number | undefined;
  readonly reasonIp: string | undefined;
  /** nmap 2.x */
  readonly conf: number | undefined;
}

export interface Service {
  readonly name: string | undefined;
  readonly conf: number | undefined;
  readonly method: string | undefined;
  readonly version: string | undefined;
  readonly product: string | undefined;
  readonly extrainfo: string | undefined;
  readonly tunnel: string | undefined;
  readonly proto: string | undefined;
  readonly rpcnum: number | undefined;
  readonly lowver: number | undefined;
  readonly highver: number | undefined;
  readonly hostname: string | undefined;
  readonly ostype: string | undefined;
  readonly devicetype: string | undefined;
  readonly servicefp: string | undefined;
  /** masscan, with its `\xNN` escapes */
  readonly banner: string | undefined;
  /** masscan's banner type, if any; the other members follow nmap. */
  readonly bannerType: string | undefined;
  readonly cpes: string[];
}

/** Ports that nmap counts instead of listing. */
export interface ExtraPorts {
  readonly state: string | undefined;
  readonly count: number | undefined;
  readonly reasons: readonly ExtraReason[];
}

/** `ports` is a range list; nmap writes it since 7.92. */
export interface ExtraReason {
  readonly reason: string | undefined;
  readonly count: number | undefined;
  readonly proto: string | undefined;
  readonly ports: string | undefined;
}

export interface AddPort {
  readonly state: string | undefined;
  readonly protocol: string | undefined;
  readonly portid: string | undefined;
  readonly owner: string | undefined;
}

export interface Os {
  readonly portused: readonly PortUsed[];
  readonly matches: readonly OsMatch[];
  /** Directly under `os`, as nmap wrote it before 6.0. */
  readonly classes: readonly OsClass[];
  readonly fingerprints: readonly string[];
}

export interface PortUsed {
  readonly state: string | undefined;
  readonly proto: string | undefined;
  readonly portid: number | undefined;
}

/** `accuracy` in percent. */
export interface OsMatch {
  readonly name: string | undefined;
  readonly accuracy: number | undefined;
  readonly line: number | undefined;
  readonly classes: readonly OsClass[];
}

export interface OsClass {
  readonly vendor: string | undefined;
  readonly osfamily: string | undefined;
  readonly osgen: string | undefined;
  readonly type: string | undefined;
  readonly accuracy: number | undefined;
  readonly cpes: readonly string[];
}

export interface Uptime {
  readonly seconds: number | undefined;
  readonly lastboot: string | undefined;
}

/** `tcpsequence` (index, difficulty), `ipidsequence` and `tcptssequence` (class). */
export interface Sequence {
  readonly index: number | undefined;
  readonly difficulty: string | undefined;
  readonly class: string | undefined;
  readonly values: string | undefined;
}

/** Microseconds. */
export interface Times {
  readonly srtt: number | undefined;
  readonly rttvar: number | undefined;
  readonly to: number | undefined;
}

export interface Trace {
  readonly proto: string | undefined;
  readonly port: number | undefined;
  readonly hops: readonly Hop[];
  readonly error: string | undefined;
}

/** `rtt` in milliseconds; undefined when nmap wrote `--`. */
export interface Hop {
  readonly ttl: number | undefined;
  readonly rtt: number | undefined;
  readonly ipaddr: string | undefined;
  readonly host: string | undefined;
}

export interface Script {
  readonly id: string | undefined;
  readonly output: string | undefined;
  /** The structured part: what `table` and `elem` below `script` say. */
  readonly items: readonly ScriptItem[];
}

/** An `elem` has a `value`, a `table` has `items`. */
export type ScriptItem = ScriptElem | ScriptTable;
export interface ScriptElem {
  readonly key: string | undefined;
  readonly value: string;
}
export interface ScriptTable {
  readonly key: string | undefined;
  readonly items: readonly ScriptItem[];
}

/** `target`: something on the command line that nmap did not scan, and why. */
export interface Target {
  readonly specification: string | undefined;
  readonly status: string | undefined;
  readonly reason: string | undefined;
}

/** `taskbegin`, `taskprogress` (percent, remaining seconds, etc = expected end) and `taskend`. */
export interface Task {
  readonly kind: 'taskbegin' | 'taskprogress' | 'taskend';
  readonly task: string | undefined;
  readonly time: number | undefined;
  readonly extrainfo: string | undefined;
  readonly percent: number | undefined;
  readonly remaining: number | undefined;
  readonly etc: number | undefined;
}

/** `runstats`. `elapsed` in seconds; `malformed` as in {@link Host}, undefined when there are none. */
export interface RunStats {
  readonly finished:
    | {
        readonly time: number | undefined;
        readonly timestr: string | undefined;
        readonly elapsed: number | undefined;
        readonly summary: string | undefined;
        readonly exit: string | undefined;
        readonly errormsg: string | undefined;
      }
    | undefined;
  readonly hosts:
    | {
        readonly up: number | undefined;
        readonly down: number | undefined;
        readonly total: number | undefined;
      }
    | undefined;
  readonly malformed?: readonly string[] | undefined;
}
