import { type Identity, identify } from '../event/address.ts';
import { certificateFields } from '../event/certificate.ts';
import type { Fields } from '../event/event.ts';
import { type HostKey, hostKeys } from '../event/host-key.ts';
import { shownService } from '../event/service-name.ts';
import { textAt } from '../event/text-at.ts';
import type { Host, Port } from '../nmap/model.ts';
import type { Certificate, KnownFinding, Service } from '../state/known-host.ts';
import { osOf } from './operating-system.ts';
import { keptService, shownVersion } from './service.ts';
import {
  type CountedPorts,
  countedPorts,
  type PortAnswer,
  type RunCoverage,
  canEstablishState,
  type TestedSet,
  unlistedPort,
  unlistedSets,
} from './coverage.ts';

/** What change detection needs of a listed port. */
export interface PortSighting {
  readonly protocol: string;
  readonly number: number;
  readonly state: string;
  /** Service name as nmap shows it: `http`, `ssl/smtp`. */
  readonly service: string;
  /** Product and version; undefined without version detection (`-sV`). */
  readonly version: string | undefined;
  /** The detected service in the form that is stored. */
  readonly asked: Service | undefined;
  /** Fingerprint and end of the certificate; undefined when none was shown. */
  readonly certificate: Certificate | undefined;
  /** Host keys of an SSH server; empty when none was shown. */
  readonly hostKeys: readonly HostKey[];
}

/** A host as one run saw it. */
export interface Sighting {
  readonly identity: Identity;
  /** Unknown when nmap was told to assume that it is up (`-Pn`), and nothing answered. */
  readonly presence: 'up' | 'down' | 'unknown';
  readonly os: string | undefined;
  /** Listed ports by key: `22/tcp`. */
  readonly ports: ReadonlyMap<string, PortSighting>;
  /** Ports that are not listed, and not open. */
  readonly unlisted: readonly TestedSet[];
  /** Weaknesses of the host and its open ports. */
  readonly findings: readonly SeenFinding[];
  /** Whether the source of a finding has looked again at a port that is open, or at the host (undefined). */
  hasLooked(port: string | undefined, source: string): boolean;
  /** What the run established about a port, listed or not. */
  find(protocol: string, port: number): PortAnswer;
}

/** A finding with what change detection needs. */
export interface SeenFinding extends Pick<
  KnownFinding,
  'port' | 'key' | 'rule' | 'title' | 'due' | 'severity' | 'source' | 'vulnerability' | 'exploited'
> {
  /** Severe, so that it is reported even in a baseline. */
  readonly isSevere: boolean;
  /** The service answers without a password, which is told even if it was known to be reachable. */
  readonly isOpenAccess: boolean;
  /** As in the finding. Without: never a change and not stored, and it resolves no finding that was reported before. */
  readonly alerts: boolean;
  /** Without `alerts`: because nothing has confirmed it, rather than because somebody has silenced it. Only counted. */
  readonly isUnconfirmed?: boolean;
  /** The fields of its event: `rule`, `vulnerability`, `nmap.finding`. */
  readonly about: () => FindingStatement;
}

/** Members of an event about a finding. */
export interface FindingStatement {
  readonly rule: Fields;
  readonly vulnerability: Fields | undefined;
  readonly finding: Fields;
}

/** The findings of a host, and what was looked for. */
export type FindingsOf = Pick<Sighting, 'findings' | 'hasLooked'>;

const NO_FINDINGS: FindingsOf = { findings: [], hasLooked: () => false };

/** The key of a finding in the known host: `443/tcp nmap-certificate-expired`. */
export function findingId({ port, key }: Pick<KnownFinding, 'port' | 'key'>): string {
  return port === undefined ? key : `${port} ${key}`;
}

export function portKey(protocol: string, number: number): string {
  return `${number}/${protocol}`;
}

/** Protocol and number of a {@link portKey}. */
export function parsePortKey(key: string): { readonly protocol: string; readonly number: number } {
  const [number = '', protocol = ''] = key.split('/');
  return { protocol, number: Number(number) };
}

export function sightingOf(run: RunCoverage, host: Host, identity = identify(host), found: FindingsOf = NO_FINDINGS): Sighting {
  const ports = new Map<string, PortSighting>();
  const undecided = new Map<string, PortSighting>();
  for (const port of host.ports) {
    const sighting = portSighting(port);
    if (sighting !== undefined) (canEstablishState(run, port) ? ports : undecided).set(portKey(sighting.protocol, sighting.number), sighting);
  }
  const { status, timedout } = host;
  const counted = countedPorts(host.extraports);
  return {
    identity,
    ...found,
    findings: undecided.size === 0 ? found.findings : found.findings.filter(({ port }) => port === undefined || !undecided.has(port)),
    presence: presenceOf(host, [...ports.values(), ...undecided.values()], counted),
    os: osOf(host.os),
    ports,
    unlisted: unlistedSets(run, { status, timedout }, counted),
    find(protocol, port) {
      const key = portKey(protocol, port);
      const listed = ports.get(key);
      if (listed !== undefined) return { tested: true, state: listed.state };
      if (undecided.has(key)) return { tested: false, why: 'such a scan cannot tell' };
      return unlistedPort(run, { status, timedout }, counted, protocol, port);
    },
  };
}

/** Whether a host is up. With `-Pn`, only an answer shows that. */
function presenceOf({ status }: Host, ports: readonly PortSighting[], counted: readonly CountedPorts[]): Sighting['presence'] {
  if (status?.state === 'down') return 'down';
  if (status?.reason !== 'user-set') return 'up';
  const states = [...ports.map(({ state }) => state), ...counted.map(({ state }) => state)];
  return states.some((state) => state === 'open' || state === 'closed' || state === 'unfiltered') ? 'up' : 'unknown';
}

function portSighting({ protocol, number, state, service, scripts }: Port): PortSighting | undefined {
  if (protocol === undefined || number === undefined || state?.state === undefined) return undefined;
  // `tcpwrapped`: the connection was closed before anything was said.
  const probed = service?.method === 'probed' && service.name !== 'tcpwrapped';
  // masscan may report TLS alone, which does not name the protocol inside.
  const name = service?.name === undefined ? '' : shownService(service.name, service.tunnel);
  const asked = probed ? keptService(name, [service?.product, service?.version, service?.extrainfo]) : undefined;
  return {
    protocol,
    number,
    state: state.state,
    service: name,
    version: asked && shownVersion(asked),
    asked,
    certificate: certificateOf(certificateFields(scripts)),
    hostKeys: hostKeys(scripts),
  };
}

function certificateOf(tls: Fields | undefined): Certificate | undefined {
  if (tls === undefined) return undefined;
  const hash = (name: string): string | undefined => textAt(tls, 'server', 'hash', name);
  const fingerprint = hash('sha256') ?? hash('sha1') ?? hash('md5');
  return fingerprint === undefined
    ? undefined
    : { fingerprint, subject: textAt(tls, 'server', 'subject'), notAfter: textAt(tls, 'server', 'not_after') };
}
