import type { ScanItem } from '../nmap/item.ts';
import { type Change, compareHosts, described, isOpen, nameOf } from './compare.ts';
import { absentHost, type RunCoverage, runCoverage } from './coverage.ts';
import { type PortSighting, type Sighting, sightingOf, together } from './sighting.ts';

/** All that one input says: its runs, and each host as they saw it. */
export interface ScanView {
  readonly runs: readonly { readonly coverage: RunCoverage; readonly complete: boolean }[];
  readonly hosts: ReadonlyMap<string, Sighting>;
}

/** What is different, and what cannot be compared: silence about the latter would read as "nothing changed". */
export interface ScanDiff {
  readonly changes: readonly Change[];
  /** Hosts of the old input that the new one did not look at. */
  readonly hostsNotLookedAt: number;
  /** Hosts and open ports of the new input that the old one did not look at. */
  readonly hostsFirstSeen: number;
  readonly portsFirstSeen: number;
  /** Hosts that both have looked at. */
  readonly hostsCompared: number;
}

/** Collects what an input says; holds a few hundred bytes a listed port. */
export class ScanCollector {
  private readonly runs: { coverage: RunCoverage; complete: boolean }[] = [];
  private readonly hosts = new Map<string, Sighting>();
  /** Elements that could not be read. */
  refused = 0;

  add(item: ScanItem): void {
    if (item.kind === 'run') this.runs.push({ coverage: runCoverage(item.run), complete: false });
    const run = this.runs.at(-1);
    if (run === undefined) return;
    if (item.kind === 'host') {
      const sighting = sightingOf(run.coverage, item.host);
      const { key } = sighting.identity;
      const earlier = this.hosts.get(key);
      this.hosts.set(key, earlier === undefined ? sighting : together(earlier, sighting));
    } else if (item.kind === 'refused') this.refused++;
    else if (item.kind === 'end') {
      const finished = item.end.stats?.finished;
      run.complete = finished !== undefined && finished.exit !== 'error' && finished.errormsg === undefined;
    }
  }

  view(): ScanView {
    return { runs: this.runs, hosts: this.hosts };
  }
}

/** What changed between two inputs, as far as both have looked: docs/explanation/change.md. */
export function diffScans(before: ScanView, after: ScanView): ScanDiff {
  const changes: Change[] = [];
  let [hostsNotLookedAt, hostsFirstSeen, portsFirstSeen, hostsCompared] = [0, 0, 0, 0];
  for (const key of keysOf(before, after)) {
    const [was, is] = [before.hosts.get(key), after.hosts.get(key)];
    if (was !== undefined && is !== undefined) {
      hostsCompared++;
      const found = compareHosts(was, is);
      changes.push(...found.changes);
      portsFirstSeen += found.firstSeen;
    } else if (was !== undefined) {
      if (!establishedDown(after, key)) hostsNotLookedAt += was.up ? 1 : 0;
      else if (was.up) changes.push(hostChange('host-missing', was, 'up', 'down', 'is down'));
    } else if (is !== undefined && is.up) {
      if (establishedDown(before, key)) changes.push(...newHost(is));
      else {
        hostsFirstSeen++;
        portsFirstSeen += openPorts(is).length;
      }
    }
  }
  return { changes, hostsNotLookedAt, hostsFirstSeen, portsFirstSeen, hostsCompared };
}

/** A host that an earlier, complete run would have listed: it and its open ports are news. */
function newHost(host: Sighting): readonly Change[] {
  if (host.assumed) return [];
  const open = openPorts(host).map((port) => `${port.number}/${port.protocol} ${described(port)}`.trim());
  const ports = open.length === 0 ? '' : `, with ${open.slice(0, 10).join(', ')}${open.length > 10 ? ` and ${open.length - 10} more` : ''} open`;
  return [hostChange('host-new', host, 'down', 'up', `${nameOf(host)}is new${ports}`)];
}

function hostChange(action: 'host-new' | 'host-missing', { identity }: Sighting, before: string, after: string, what: string): Change {
  return { action, host: identity.key, name: identity.name, port: undefined, before, after, message: `${identity.key} ${what}` };
}

function establishedDown({ runs }: ScanView, address: string): boolean {
  return runs.some(({ coverage, complete }) => absentHost(coverage, complete, address).tested);
}

function openPorts({ ports }: Sighting): readonly PortSighting[] {
  return [...ports.values()].filter(({ state }) => isOpen(state) === true);
}

/** Addresses in their numeric order, then names. */
function keysOf(before: ScanView, after: ScanView): readonly string[] {
  return [...new Set([...before.hosts.keys(), ...after.hosts.keys()])].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}
