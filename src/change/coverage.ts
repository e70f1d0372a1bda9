import type { ExtraPorts, Host, Run } from '../nmap/model.ts';
import { PortSet } from './port-set.ts';
import { type Scope, scopeOf } from './scope.ts';

/** What a run was set up to establish, known from its header. */
export interface RunCoverage {
  /** Ports by protocol, from `scaninfo`; a protocol that is not here was not scanned. */
  readonly ports: ReadonlyMap<string, PortSet>;
  readonly scope: Scope;
  /** Hosts that are down are listed (`-v`). */
  readonly listsDown: boolean;
  /** What is not listed may be anything: masscan, which loses packets and lists what answered. */
  readonly listsAnswersOnly: boolean;
}

/** What a run established about one port, or why it established nothing. */
export type PortFinding =
  | { readonly tested: true; readonly state: string }
  | {
      readonly tested: false;
      readonly why: 'not in the ports of the run' | 'host down' | 'host timed out' | 'listed by state only' | 'masscan lists answers only';
    };

/** What a run established about a host that it does not list. */
export type AbsentHost =
  | { readonly tested: true; readonly state: 'down' }
  | { readonly tested: false; readonly why: 'run cut short' | 'outside of the targets' | 'targets not known' | 'down hosts not listed' };

export function runCoverage(run: Run): RunCoverage {
  const ports = new Map<string, PortSet>();
  for (const { protocol, services } of run.scaninfo) if (protocol !== undefined && services !== undefined) ports.set(protocol, new PortSet(services));
  return {
    ports,
    scope: scopeOf(run.args),
    listsDown: (run.verbose ?? 0) > 0 || /(?:^|\s)(?:-v+|-v\d|--verbose|-d+|-d\d)(?:\s|$)/.test(run.args ?? ''),
    listsAnswersOnly: run.scanner === 'masscan',
  };
}

/** Ports that a host has in one state and does not list; `named` where nmap names them (since 7.92). */
export interface CountedPorts {
  readonly state: string;
  readonly count: number;
  readonly named: readonly { readonly protocol: string | undefined; readonly ports: PortSet }[];
}

export function countedPorts(extraports: readonly ExtraPorts[]): readonly CountedPorts[] {
  return extraports.map(({ state, count, reasons }) => ({
    state: state ?? '',
    count: count ?? 0,
    named: reasons.flatMap(({ proto, ports }) => (ports === undefined ? [] : [{ protocol: proto, ports: new PortSet(ports) }])),
  }));
}

/** The state of a port that the host does not list. docs/explanation/change.md has the table of all cases. */
export function unlistedPort(
  run: RunCoverage,
  { status, timedout }: Pick<Host, 'status' | 'timedout'>,
  counted: readonly CountedPorts[],
  protocol: string,
  port: number,
): PortFinding {
  if (run.listsAnswersOnly) return { tested: false, why: 'masscan lists answers only' };
  if (status?.state === 'down') return { tested: false, why: 'host down' };
  if (timedout === true) return { tested: false, why: 'host timed out' };
  if (run.ports.get(protocol)?.has(port) !== true) return { tested: false, why: 'not in the ports of the run' };
  return countedState(counted, protocol, port);
}

/** A host that the run does not list: down only where the run would have listed it otherwise. */
export function absentHost(run: RunCoverage, complete: boolean, address: string): AbsentHost {
  if (!complete) return { tested: false, why: 'run cut short' };
  if (!run.scope.known) return { tested: false, why: 'targets not known' };
  if (!run.scope.contains(address)) return { tested: false, why: 'outside of the targets' };
  return run.listsDown && !run.listsAnswersOnly ? { tested: true, state: 'down' } : { tested: false, why: 'down hosts not listed' };
}

function countedState(counted: readonly CountedPorts[], protocol: string, port: number): PortFinding {
  const holder = counted.find(({ named }) => named.some((one) => (one.protocol ?? protocol) === protocol && one.ports.has(port)));
  if (holder !== undefined && holder.state !== '') return { tested: true, state: holder.state };
  const states = new Set(counted.filter(({ count }) => count > 0).map(({ state }) => state));
  const [only] = states;
  if (states.size === 1 && only !== undefined && only !== '') return { tested: true, state: only };
  // `--open` leaves them out, and then they are not open.
  if (states.size === 0 || [...states].every((state) => state === 'closed' || state === 'filtered'))
    return { tested: true, state: 'closed|filtered' };
  return { tested: false, why: 'listed by state only' };
}
