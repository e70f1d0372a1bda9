import { type KnownFinding, type KnownHost, type KnownPort, isPort, lastOf, since, currentValue, presenceOf } from '../state/known-host.ts';
import { KnownHosts } from '../state/known-hosts.ts';
import { type Level, levelOf } from '../event/event.ts';
import { RULES } from '../finding/registry.ts';
import { isoTime } from '../event/time.ts';
import type { Database } from '../state/database.ts';
import { type CertificateFact, type FindingFact, type HostFact, LEVELS, type PortFact, type ReportFacts } from './facts.ts';
import { changeListOf } from './change-list.ts';
import { Top } from './top.ts';
import { shownVersion } from '../change/service.ts';

/** Limits of the lists, so that a browser can open the report. */
const MOST = { findings: 5000, certificates: 2000, ports: 20_000, hosts: 10_000 } as const;
const REMEDIES = new Map(RULES.map(({ id, remedy }) => [id, remedy]));

export interface GatherOptions {
  readonly now: number;
  /** Of these sites. */
  readonly sites: readonly string[];
  /** Changes announced since then; undefined: all. */
  readonly since: number | undefined;
  /** Only what changed between the scans, not what was announced beside a baseline. */
  readonly isOfScans?: boolean;
}

/** Collects the content of a report from the state. Holds one host at a time, and of each list only what is shown. */
export function gather(database: Database, { now, sites, since: from, isOfScans = false }: GatherOptions): Omit<ReportFacts, 'scans'> {
  const lists = new Lists(now);
  const gaps: string[] = [];
  for (const name of sites) {
    const known = new KnownHosts(database, name);
    for (const host of known.readable()) lists.add(name, host);
    if (known.damage !== undefined) gaps.push(known.damage.message);
  }
  return {
    made: now,
    sites,
    since: from,
    gaps,
    ...lists.facts(),
    ...changeListOf(database, { sites, since: from, isFirstSighting: isOfScans ? (...at) => lists.isFirstSighting(...at) : undefined }),
  };
}

class Lists {
  private readonly now: number;
  private readonly findings = new Top<FindingFact>(MOST.findings, (a, b) => b.severity - a.severity);
  private readonly certificates = new Top<CertificateFact>(MOST.certificates, (a, b) => (a.notAfter ?? Infinity) - (b.notAfter ?? Infinity));
  private readonly ports = new Top<PortFact>(MOST.ports, () => 0);
  private readonly hosts = new Top<HostFact>(MOST.hosts, () => 0);
  private readonly levels: Record<Level, number> = { critical: 0, high: 0, medium: 0, low: 0, info: 0 };
  private hostsUp = 0;
  private hostsNotUp = 0;
  private openPorts = 0;
  private openProtocols = 0;
  private unconfirmed = 0;
  private seen = Number.NEGATIVE_INFINITY;
  /** Hosts with a weakness that was found when they were seen for the first time. */
  private readonly firstSights = new Set<string>();

  constructor(now: number) {
    this.now = now;
  }

  add(site: string, host: KnownHost): void {
    const isUp = presenceOf(host, 1) === 'yes';
    if (host.up.yes === undefined) return;
    if (isUp) this.hostsUp++;
    else this.hostsNotUp++;
    this.seen = Math.max(this.seen, lastOf(host.up.yes));
    const { first } = host.up.yes;
    if (Object.values(host.findings).some(({ open }) => open.yes?.first === first)) this.firstSights.add(sightingKey(site, host.key, first));
    const place = { site, host: host.key };
    const open = isUp ? Object.values(host.ports).filter((port) => this.port(place, host, port)) : [];
    const findings = isUp ? Object.values(host.findings).filter((finding) => this.finding({ ...place, name: nameOf(host) }, finding)) : [];
    this.hosts.add(hostFact(place, host, open.filter(isPort).length, findings));
  }

  isFirstSighting(site: string, host: string, time: number): boolean {
    return this.firstSights.has(sightingKey(site, host, time));
  }

  facts(): Pick<ReportFacts, 'seen' | 'totals' | 'findings' | 'certificates' | 'ports' | 'hosts'> {
    const { hostsUp, hostsNotUp, openPorts, openProtocols, unconfirmed, levels } = this;
    return {
      seen: finite(this.seen),
      totals: { hostsUp, hostsNotUp, openPorts, openProtocols, findings: levels, unconfirmed },
      findings: this.findings.all(),
      certificates: this.certificates.all(),
      ports: this.ports.all(),
      hosts: this.hosts.all(),
    };
  }

  /** Adds a port to the lists; returns whether it is open. */
  private port(place: Place, host: KnownHost, known: KnownPort): boolean {
    if (currentValue(known.open, 1) !== 'yes') return false;
    if (isPort(known)) this.openPorts++;
    else this.openProtocols++;
    this.unconfirmed += known.unconfirmed ?? 0;
    const port = `${known.number}/${known.protocol}`;
    const { certificate } = known;
    this.ports.add({
      ...place,
      name: nameOf(host),
      port,
      state: known.state,
      service: serviceOf(known),
      since: since(known.open, 'yes'),
      lastSeen: finite(lastOf(known.open.yes)),
    });
    if (certificate !== undefined)
      this.certificates.add({ ...place, port, subject: certificate.value.subject ?? '', notAfter: dateOf(certificate.value.notAfter) });
    return true;
  }

  private finding(place: NamedPlace, known: KnownFinding): boolean {
    if (currentValue(known.open, 1) !== 'yes') return false;
    const fact = findingFact(place, known, this.now);
    this.levels[fact.level]++;
    this.findings.add(fact);
    return true;
  }
}

function sightingKey(site: string, host: string, time: number): string {
  return JSON.stringify([site, host, time]);
}

type Place = Pick<HostFact, 'site' | 'host'>;
type NamedPlace = Pick<HostFact, 'site' | 'host' | 'name'>;

function nameOf({ name }: KnownHost): string {
  return name?.value ?? '';
}

/** Open findings of a host, most severe first; none for a host that does not answer. */
export function findingsOf(site: string, host: KnownHost, now: number): readonly FindingFact[] {
  if (presenceOf(host, 1) !== 'yes') return [];
  const standingOnes = Object.values(host.findings).filter(({ open }) => currentValue(open, 1) === 'yes');
  return standingOnes
    .map((known) => findingFact({ site, host: host.key, name: nameOf(host) }, known, now))
    .toSorted((a, b) => b.severity - a.severity);
}

/** Number of findings of a host that nothing has confirmed; none for a host that does not answer. */
export function unconfirmedOf(host: KnownHost): number {
  if (presenceOf(host, 1) !== 'yes') return 0;
  return Object.values(host.ports).reduce((sum, { open, unconfirmed = 0 }) => sum + (currentValue(open, 1) === 'yes' ? unconfirmed : 0), 0);
}

function findingFact(place: NamedPlace, known: KnownFinding, now: number): FindingFact {
  const { port = '', rule, severity, open } = known;
  const title = titleNow(known, now);
  return {
    ...place,
    port,
    severity,
    level: levelOf(severity),
    rule: rule.id,
    ruleName: rule.name,
    title,
    remedy: REMEDIES.get(rule.id) ?? '',
    since: since(open, 'yes'),
  };
}

/** Updates a title about a future date that may have passed since the scan. */
function titleNow(known: KnownFinding, now: number): string {
  const { title, due } = known;
  return due !== undefined && due < isoTime(now).slice(0, 10) ? `${title}; that day has passed since the scan` : title;
}

function hostFact(place: Place, host: KnownHost, openPorts: number, findings: readonly KnownFinding[]): HostFact {
  const presence = presenceOf(host, 1);
  const levels = new Set(findings.map(({ severity }) => levelOf(severity)));
  return {
    ...place,
    name: nameOf(host),
    state: presence === 'yes' ? 'up' : presence === 'no' ? 'down' : 'unknown',
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
  return [service?.value.name ?? guess?.value, service && shownVersion(service.value)].filter((word) => word !== undefined && word !== '').join(' ');
}

function dateOf(iso: string | undefined): number | undefined {
  return iso === undefined ? undefined : finite(Date.parse(iso));
}

function finite(time: number): number | undefined {
  return Number.isFinite(time) ? time : undefined;
}
