import { type KnownFinding, type KnownHost, type KnownPort, lastOf, since, standing } from '../state/known-host.ts';
import { KnownHosts, knownSites } from '../state/known-hosts.ts';
import { type Level, levelOf } from '../event/event.ts';
import { RULES } from '../finding/registry.ts';
import type { Database } from '../state/database.ts';
import { type ChangeFact, type CertificateFact, type FindingFact, type HostFact, LEVELS, type PortFact, type ReportFacts } from './facts.ts';
import { Top } from './top.ts';

/** How much a report shows of each, so that a browser can open it. */
const MOST = { changes: 2000, findings: 5000, certificates: 2000, ports: 20_000, hosts: 10_000 } as const;
const REMEDIES = new Map(RULES.map(({ id, remedy }) => [id, remedy]));

export interface GatherOptions {
  readonly now: number;
  /** Only this site. */
  readonly site: string | undefined;
  /** What is so since then is told as a change; undefined: changes come from elsewhere. */
  readonly since: number | undefined;
}

/** What is known, as the facts of a report. One host at a time is in memory, and of each list what is shown. */
export function gather(database: Database, { now, site, since: from }: GatherOptions): Omit<ReportFacts, 'scans'> {
  const sites = site === undefined ? knownSites(database) : [site];
  const lists = new Lists(from);
  const gaps: string[] = [];
  for (const name of sites) {
    const known = new KnownHosts(database, name);
    for (const host of known.readable()) lists.add(name, host);
    if (known.damage !== undefined) gaps.push(known.damage.message);
  }
  return { made: now, sites, since: from, gaps, ...lists.facts() };
}

class Lists {
  private readonly from: number | undefined;
  private readonly changes = new Top<ChangeFact>(MOST.changes, (a, b) => b.time - a.time);
  private readonly findings = new Top<FindingFact>(MOST.findings, (a, b) => b.severity - a.severity);
  private readonly certificates = new Top<CertificateFact>(MOST.certificates, (a, b) => (a.notAfter ?? Infinity) - (b.notAfter ?? Infinity));
  private readonly ports = new Top<PortFact>(MOST.ports, () => 0);
  private readonly hosts = new Top<HostFact>(MOST.hosts, () => 0);
  private readonly levels: Record<Level, number> = { critical: 0, high: 0, medium: 0, low: 0, info: 0 };
  private hostsUp = 0;
  private hostsNotUp = 0;
  private openPorts = 0;

  constructor(from: number | undefined) {
    this.from = from;
  }

  add(site: string, host: KnownHost): void {
    const isUp = standing(host.up, 1) === 'yes';
    if (host.up.yes === undefined) return;
    if (isUp) this.hostsUp++;
    else this.hostsNotUp++;
    const place = { site, host: host.key };
    this.change(place, '', 'host-new', isUp ? host.up.yes.first : undefined, `${host.key} seen for the first time`);
    this.change(place, '', 'host-missing', isUp ? undefined : since(host.up, 'no'), `${host.key} does not answer any more`);
    const open = Object.values(host.ports).filter((port) => this.port(place, host, port, isUp));
    const findings = Object.values(host.findings).filter((finding) => this.finding(place, finding, isUp));
    this.hosts.add(hostFact(place, host, open.length, findings));
  }

  facts(): Pick<ReportFacts, 'totals' | 'changes' | 'findings' | 'certificates' | 'ports' | 'hosts'> {
    const { hostsUp, hostsNotUp, openPorts, levels } = this;
    return {
      totals: { hostsUp, hostsNotUp, openPorts, findings: levels },
      changes: this.changes.all(),
      findings: this.findings.all(),
      certificates: this.certificates.all(),
      ports: this.ports.all(),
      hosts: this.hosts.all(),
    };
  }

  /** Whether it is open now: what a host had open that does not answer is not. */
  private port(place: Place, host: KnownHost, known: KnownPort, isUp: boolean): boolean {
    const port = `${known.number}/${known.protocol}`;
    const stands = standing(known.open, 1);
    const at = stands && since(known.open, stands);
    const service = serviceOf(known);
    const shown = `${host.key} ${port}${service === '' ? '' : ` (${service})`}`;
    if (stands === 'yes' && isUp) this.change(place, port, 'port-opened', at, `${shown} is open`);
    if (stands === 'no' && known.open.yes !== undefined) this.change(place, port, 'port-closed', at, `${shown} is ${known.state}`);
    if (stands !== 'yes' || !isUp) return false;
    this.openPorts++;
    const { certificate } = known;
    this.ports.add({
      ...place,
      name: host.name?.value ?? '',
      port,
      state: known.state,
      service,
      since: at,
      lastSeen: finite(lastOf(known.open.yes)),
    });
    if (certificate !== undefined)
      this.certificates.add({ ...place, port, subject: certificate.value.subject ?? '', notAfter: dateOf(certificate.value.notAfter) });
    return true;
  }

  private finding(place: Place, known: KnownFinding, isUp: boolean): boolean {
    const { port = '', title, open } = known;
    const stands = standing(open, 1);
    const shown = `${place.host}${port === '' ? '' : ` ${port}`}: ${title}`;
    this.change(place, port, stands === 'yes' ? 'finding-opened' : 'finding-resolved', stands && since(open, stands), shown);
    if (stands !== 'yes' || !isUp) return false;
    const fact = findingFact(place, known);
    this.levels[fact.level]++;
    this.findings.add(fact);
    return true;
  }

  private change(place: Place, port: string, action: string, time: number | undefined, message: string): void {
    if (this.from !== undefined && time !== undefined && time >= this.from) this.changes.add({ time, action, ...place, port, message });
  }
}

type Place = Pick<HostFact, 'site' | 'host'>;

/** The weaknesses of a host that stand, the gravest first; none of one that does not answer. */
export function findingsOf(site: string, host: KnownHost): readonly FindingFact[] {
  if (standing(host.up, 1) !== 'yes') return [];
  const standingOnes = Object.values(host.findings).filter(({ open }) => standing(open, 1) === 'yes');
  return standingOnes.map((known) => findingFact({ site, host: host.key }, known)).toSorted((a, b) => b.severity - a.severity);
}

function findingFact(place: Place, { port = '', rule, title, severity, open }: KnownFinding): FindingFact {
  return { ...place, port, severity, level: levelOf(severity), rule: rule.id, title, remedy: REMEDIES.get(rule.id) ?? '', since: since(open, 'yes') };
}

function hostFact(place: Place, host: KnownHost, openPorts: number, findings: readonly KnownFinding[]): HostFact {
  const stands = standing(host.up, 1);
  const levels = new Set(findings.map(({ severity }) => levelOf(severity)));
  return {
    ...place,
    name: host.name?.value ?? '',
    state: stands === 'yes' ? 'up' : stands === 'no' ? 'down' : 'unknown',
    os: host.os?.value ?? '',
    mac: host.mac?.value ?? '',
    openPorts,
    findings: findings.length,
    worst: LEVELS.find((level) => levels.has(level)),
    firstSeen: host.up.yes?.first,
    lastSeen: finite(lastOf(host.up.yes)),
  };
}

function serviceOf({ service, guess }: KnownPort): string {
  return [service?.value.name ?? guess?.value, service?.value.version].filter((word) => word !== undefined && word !== '').join(' ');
}

function dateOf(iso: string | undefined): number | undefined {
  return iso === undefined ? undefined : finite(Date.parse(iso));
}

function finite(time: number): number | undefined {
  return Number.isFinite(time) ? time : undefined;
}
