import type { Host } from '../nmap/model.ts';
import { wasLookedAt } from '../nmap/item.ts';
import { addCounts, isUnanswered, noPorts, type PortCounts } from './counts.ts';
import type { FieldValue, Level } from './event.ts';
import { misdatedIn } from './host.ts';
import { milliseconds, seenAt } from './time.ts';

/** Counts of the hosts, ports and findings of a run. Threads count parts of a run each; their counts are added up. */
export class RunCounts {
  /** `<host>` elements, repeated ones included; enters the id of the end event. */
  readonly hosts = noHosts();
  /** Ports in them, by state. */
  readonly ports = noPorts();
  /** The same with each host and port counted once. */
  readonly different = { hosts: noHosts(), ports: noPorts(), openProtocols: 0 };
  /** Distinct hosts that nmap was told to take as up (`-Pn`) and that gave no answer. As `up`, they are in `hosts`. */
  unanswered = 0;
  /** Events that were not made because the same one was made before. */
  repeated = 0;
  /** Hosts that are listed, but were not scanned. */
  named = 0;
  /** Those of them that were to be scanned. */
  skippedHosts = 0;
  /** Findings by level. They do not enter the id of the end event, because they depend on rules and snapshots. */
  readonly findings = noFindings();
  /** Totals of hosts that are up, by zone. They do not enter the id either, because zones come from the exposure file. */
  readonly zones = new Map<string, ZoneTotals>();
  /** Time of the latest host in epoch milliseconds, as it is written; enters the id of the end event. */
  latest = 0;
  /** The same, ignoring impossible times. */
  latestSeen = 0;
  /** Hosts with impossible times, and the first of those times. */
  misdated: { hosts: number; example?: string } = { hosts: 0 };

  /** Hosts that are listed, and not as down. */
  get present(): number {
    return this.hosts.listed - this.hosts.down;
  }

  addHost(host: Host, counts: PortCounts, now: number): void {
    addHost(this.hosts, host);
    if (!wasLookedAt(host)) this.named++;
    if (host.status?.state === 'skipped') this.skippedHosts++;
    addCounts(this.ports, counts.byState);
    this.latest = Math.max(this.latest, milliseconds(host.endtime) || milliseconds(host.starttime));
    this.latestSeen = Math.max(this.latestSeen, seenAt(host.endtime, now) || seenAt(host.starttime, now));
    const example = misdatedIn(host, now)[0];
    if (example !== undefined) this.addMisdated(1, example);
  }

  /** Counts what is new: the host, if it is, and ports. */
  addDifferent(host: Host | undefined, { byState, openProtocols }: Pick<PortCounts, 'byState' | 'openProtocols'>): void {
    const { different } = this;
    if (host !== undefined) {
      addHost(different.hosts, host);
      if (isUnanswered(host, { byState })) this.unanswered++;
    }
    addCounts(different.ports, byState);
    different.ports.open -= openProtocols;
    different.openProtocols += openProtocols;
  }

  /** All that is counted here, as plain data. */
  get hostCounts(): Pick<
    RunCounts,
    | 'hosts'
    | 'named'
    | 'skippedHosts'
    | 'ports'
    | 'different'
    | 'unanswered'
    | 'repeated'
    | 'findings'
    | 'zones'
    | 'latest'
    | 'latestSeen'
    | 'misdated'
  > {
    const { hosts, named, skippedHosts, ports, different, unanswered, repeated, findings, zones, latest, latestSeen, misdated } = this;
    return { hosts, named, skippedHosts, ports, different, unanswered, repeated, findings, zones, latest, latestSeen, misdated };
  }

  /** Adds what another reader of the run has counted. */
  add({
    hosts,
    named,
    skippedHosts,
    ports,
    different,
    unanswered,
    repeated,
    findings,
    zones,
    latest,
    latestSeen,
    misdated,
  }: RunCounts['hostCounts']): void {
    addCounts(this.hosts, hosts);
    addCounts(this.different.hosts, different.hosts);
    addCounts(this.different.ports, different.ports);
    this.different.openProtocols += different.openProtocols;
    this.named += named;
    this.skippedHosts += skippedHosts;
    this.unanswered += unanswered;
    this.repeated += repeated;
    addCounts(this.ports, ports);
    addCounts(this.findings, findings);
    for (const [zone, more] of zones) {
      const totals = this.zoneOf(zone);
      if (totals === undefined) continue;
      totals.hosts += more.hosts;
      totals.ports += more.ports;
      addCounts(totals.findings, more.findings);
    }
    this.latest = Math.max(this.latest, latest);
    this.latestSeen = Math.max(this.latestSeen, latestSeen);
    if (misdated.example !== undefined) this.addMisdated(misdated.hosts, misdated.example);
  }

  private addMisdated(hosts: number, example: string): void {
    this.misdated = { hosts: this.misdated.hosts + hosts, example: this.misdated.example ?? example };
  }

  /** Counts a host that is up. */
  addToZone(zone: FieldValue, isNew: boolean, openPorts: number): void {
    const totals = this.zoneOf(zone);
    if (totals === undefined) return;
    totals.hosts += isNew ? 1 : 0;
    totals.ports += openPorts;
  }

  addFinding(level: Level, zone: FieldValue): void {
    this.findings[level]++;
    const totals = this.zoneOf(zone);
    if (totals !== undefined) totals.findings[level]++;
  }

  private zoneOf(zone: FieldValue): ZoneTotals | undefined {
    if (typeof zone !== 'string') return undefined;
    const totals = this.zones.get(zone) ?? { hosts: 0, ports: 0, findings: noFindings() };
    this.zones.set(zone, totals);
    return totals;
  }

  /** Hosts by state; whatever masscan lists is up. */
  counted(scanner: string | undefined): RunCounts['hosts'] {
    const { hosts } = this.different;
    return scanner === 'masscan' ? { ...hosts, up: hosts.listed - hosts.down } : hosts;
  }
}

function noHosts(): { listed: number; up: number; down: number; timedout: number } {
  return { listed: 0, up: 0, down: 0, timedout: 0 };
}

function addHost(hosts: ReturnType<typeof noHosts>, { status, timedout }: Host): void {
  hosts.listed++;
  if (status?.state === 'up') hosts.up++;
  else if (status?.state === 'down') hosts.down++;
  if (timedout === true) hosts.timedout++;
}

interface ZoneTotals {
  hosts: number;
  ports: number;
  readonly findings: Record<Level, number>;
}

function noFindings(): Record<Level, number> {
  return { critical: 0, high: 0, medium: 0, low: 0, info: 0 };
}
