import type { Unread } from '../nmap/item.ts';
import { isLinkLocal, linkOf, withoutZone, zoneOf } from '../nmap/link.ts';
import type { ExtraPorts, Host, Port, Run, ScanInfo } from '../nmap/model.ts';
import { PortSet } from '../nmap/port-set.ts';
import { canTellClosed, establishes } from './scan-types.ts';
import type { TargetLists } from '../nmap/target-lists.ts';
import { type Arguments, argumentsOf } from './scope.ts';

/** What a run can establish, from its header. */
export interface RunCoverage {
  /** Ports by protocol, from `scaninfo`, that the run can show to be not open. */
  readonly ports: ReadonlyMap<string, PortSet>;
  /** How each protocol was scanned. */
  readonly types: ReadonlyMap<string, ScanInfo>;
  readonly arguments: Arguments;
  /** The link of its link-local targets; undefined when it is not known. */
  readonly link: string | undefined;
  /** Whether hosts that are down are listed (`-v`). */
  readonly listsDown: boolean;
  /** Whether every host that is up is listed, whatever was found on it: not with `--open`. */
  readonly listsUp: boolean;
  /** Whether ports that are not listed may be in any state (masscan loses packets, and lists answers only). */
  readonly listsAnswersOnly: boolean;
}

/** What a run established about one port, or why it established nothing. */
export type PortAnswer =
  | { readonly tested: true; readonly state: string }
  | {
      readonly tested: false;
      readonly why:
        | 'not in the ports of the run'
        | 'host down'
        | 'host timed out'
        | 'listed by state only'
        | 'masscan lists answers only'
        | 'such a scan cannot tell';
    };

/** What a run established about a host that it does not list. */
export type AbsentHost =
  | { readonly tested: true; readonly state: 'down' }
  | {
      readonly tested: false;
      readonly why: 'run cut short' | 'outside of the targets' | 'targets not known' | 'down hosts not listed' | 'not readable';
    };

export function runCoverage(run: Pick<Run, 'scanner' | 'args' | 'verbose' | 'scaninfo'>, lists?: TargetLists): RunCoverage {
  const ports = new Map<string, PortSet>();
  const types = new Map<string, ScanInfo>();
  for (const info of run.scaninfo) {
    const { protocol, services } = info;
    if (protocol === undefined) continue;
    types.set(protocol, info);
    if (services !== undefined && canTellClosed(info)) ports.set(protocol, PortSet.of(services));
    else ports.delete(protocol);
  }
  const written = argumentsOf(run.args, lists);
  const { openOnly } = written;
  const verbose = (run.verbose ?? 0) > 0 || written.verbose;
  return {
    ports,
    types,
    arguments: written,
    link: linkOf(run.args),
    listsDown: verbose && !openOnly,
    listsUp: !openOnly,
    listsAnswersOnly: run.scanner === 'masscan',
  };
}

/** Ports that a host has in one state without listing them; `named` where nmap names them (since 7.92). */
export interface CountedPorts {
  readonly state: string;
  readonly count: number;
  readonly named: readonly { readonly protocol: string | undefined; readonly ports: PortSet }[];
}

export function countedPorts(extraports: readonly ExtraPorts[]): readonly CountedPorts[] {
  return extraports.map(({ state, count, reasons }) => ({
    state: state ?? '',
    count: count ?? 0,
    named: reasons.flatMap(({ proto, ports }) => (ports === undefined ? [] : [{ protocol: proto, ports: PortSet.of(ports) }])),
  }));
}

/** The state of a port that the host does not list. docs/explanation/change.md has the table of all cases. */
export function unlistedPort(
  run: RunCoverage,
  { status, timedout }: Pick<Host, 'status' | 'timedout'>,
  counted: readonly CountedPorts[],
  protocol: string,
  port: number,
): PortAnswer {
  if (run.listsAnswersOnly) return { tested: false, why: 'masscan lists answers only' };
  if (status?.state === 'down') return { tested: false, why: 'host down' };
  if (timedout === true) return { tested: false, why: 'host timed out' };
  const ports = run.ports.get(protocol);
  const info = run.types.get(protocol);
  if (ports === undefined && info !== undefined && !canTellClosed(info)) return { tested: false, why: 'such a scan cannot tell' };
  if (ports?.has(port) !== true) return { tested: false, why: 'not in the ports of the run' };
  return countedState(counted, protocol, port);
}

/** Whether the scan technique can establish the state of a listed port. */
export function canEstablishState({ types }: RunCoverage, port: Port): boolean {
  const info = port.protocol === undefined ? undefined : types.get(port.protocol);
  return info === undefined || establishes(info, port);
}

/** Ports of a host that are not listed, and that the run has shown not to be open. */
export interface TestedSet {
  readonly protocol: string;
  readonly ports: PortSet;
  readonly state: string;
}

/** All ports for which {@link unlistedPort} says so. Listed ports may be among them; their own entry counts. */
export function unlistedSets(
  run: RunCoverage,
  { status, timedout }: Pick<Host, 'status' | 'timedout'>,
  counted: readonly CountedPorts[],
): readonly TestedSet[] {
  if (run.listsAnswersOnly || status?.state === 'down' || timedout === true) return [];
  const states = statesOf(counted);
  if (states.every(isNotOpen)) {
    const [state = 'closed|filtered'] = states.length === 1 ? states : [];
    return [...run.ports].map(([protocol, ports]) => ({ protocol, ports, state }));
  }
  return counted
    .filter(({ state }) => isNotOpen(state))
    .flatMap(({ state, named }) => named.map(({ protocol, ports }) => ({ protocol: protocol ?? '', ports, state })))
    .filter(({ protocol }) => run.ports.has(protocol));
}

/** Whether a state means open; undefined when it is ambiguous. */
export function isOpen(state: string): boolean | undefined {
  if (state === 'open') return true;
  return isNotOpen(state) ? false : undefined;
}

function isNotOpen(state: string): boolean {
  return state === 'closed' || state === 'filtered' || state === 'closed|filtered';
}

/** The states in which a host has ports that it does not list. */
function statesOf(counted: readonly CountedPorts[]): readonly string[] {
  return [...new Set(counted.filter(({ count }) => count > 0).map(({ state }) => state))];
}

/** A host that the run does not list: down only where the run would have listed it otherwise. */
export function absentHost(run: RunCoverage, complete: boolean, address: string, unread: Unread = []): AbsentHost {
  const { scope } = run.arguments;
  if (!complete) return { tested: false, why: 'run cut short' };
  if (!scope.known) return { tested: false, why: 'targets not known' };
  if (!scope.addresses.has(address) || !isOnLink(run, address)) return { tested: false, why: 'outside of the targets' };
  if (isUnread(unread, address)) return { tested: false, why: 'not readable' };
  return run.listsDown && !run.listsAnswersOnly ? { tested: true, state: 'down' } : { tested: false, why: 'down hosts not listed' };
}

/** Whether a complete run would have listed a host, had it been up: then a host that appears later is new. */
export function wouldList(run: RunCoverage, address: string, unread: Unread = []): boolean {
  const { scope } = run.arguments;
  const isAskedFor = scope.known && scope.addresses.has(address) && isOnLink(run, address);
  return run.listsUp && !run.listsAnswersOnly && isAskedFor && !isUnread(unread, address);
}

/** The address under which a run scans a host, with its link if that identifies it. */
export function reachedAt({ key, ips }: { readonly key: string; readonly ips: readonly string[] }): string {
  return zoneOf(key) === undefined ? (ips[0] ?? key) : key;
}

/** Whether a link-local address is on the scanned link. */
export function isOnLink({ link }: RunCoverage, address: string): boolean {
  return !isLinkLocal(address) || zoneOf(address) === link;
}

/** Whether the host may be one of those that the run lists but that could not be read. */
function isUnread(unread: Unread, address: string): boolean {
  return unread === 'unknown' || unread.includes(address) || unread.includes(withoutZone(address));
}

function countedState(counted: readonly CountedPorts[], protocol: string, port: number): PortAnswer {
  const holder = counted.find(({ named }) => named.some((one) => (one.protocol ?? protocol) === protocol && one.ports.has(port)));
  if (holder !== undefined && holder.state !== '') return { tested: true, state: holder.state };
  const states = statesOf(counted);
  const [only] = states;
  if (states.length === 1 && only !== undefined && only !== '') return { tested: true, state: only };
  // `--open` leaves them out, and then they are not open.
  if (states.every(isNotOpen)) return { tested: true, state: 'closed|filtered' };
  return { tested: false, why: 'listed by state only' };
}
