import { type Identity, identify } from '../event/address.ts';
import { certificateFields } from '../event/certificate.ts';
import type { Fields } from '../event/event.ts';
import { shownService } from '../event/service-name.ts';
import { textAt } from '../event/text-at.ts';
import type { Host, Port } from '../nmap/model.ts';
import type { Certificate, KnownFinding, Service } from '../state/known-host.ts';
import { osOf } from './operating-system.ts';
import { keptService } from './service.ts';
import {
  type CountedPorts,
  countedPorts,
  type PortFinding,
  type RunCoverage,
  tells,
  type TestedSet,
  unlistedPort,
  unlistedSets,
} from './coverage.ts';

/** What change detection needs of a listed port. */
export interface PortSighting {
  readonly protocol: string;
  readonly number: number;
  readonly state: string;
  /** As nmap shows it: `http`, `ssl/smtp`. */
  readonly service: string;
  /** Product and version; undefined when the service was not asked (`-sV`). */
  readonly version: string | undefined;
  /** The same, as it is kept. */
  readonly asked: Service | undefined;
  /** Fingerprint and end of the certificate; undefined when there was none to see. */
  readonly certificate: Certificate | undefined;
}

/** A host as one run saw it. */
export interface Sighting {
  readonly identity: Identity;
  /** Unknown when nmap was told to take it for up (`-Pn`), and nothing answered. */
  readonly presence: 'up' | 'down' | 'unknown';
  readonly os: string | undefined;
  /** Those that are listed, by `22/tcp`. */
  readonly ports: ReadonlyMap<string, PortSighting>;
  /** Those that are not listed, and not open. */
  readonly unlisted: readonly TestedSet[];
  /** What is wrong with the host and its open ports. */
  readonly findings: readonly SeenFinding[];
  /** Whether the source of a finding has looked again at a port that is open, or at the host (undefined). */
  hasLooked(port: string | undefined, source: string): boolean;
  /** What the run established about a port, listed or not. */
  find(protocol: string, port: number): PortFinding;
}

/** A weakness as far as changes are about it. */
export interface SeenFinding extends Pick<
  KnownFinding,
  'port' | 'key' | 'rule' | 'title' | 'due' | 'severity' | 'source' | 'vulnerability' | 'exploited'
> {
  /** Severe: reported even in a baseline. */
  readonly isGrave: boolean;
  /** No news, and not entered into what is known; what was told before is not resolved by it. */
  readonly isSilent: boolean;
  /** All that is said of it when it comes: `rule`, `vulnerability`, `nmap.finding`. */
  readonly about: () => FindingStatement;
}

/** Members of an event. */
export interface FindingStatement {
  readonly rule: Fields;
  readonly vulnerability: Fields | undefined;
  readonly finding: Fields;
}

/** The weaknesses of a host, and what was looked for. */
export type FindingsOf = Pick<Sighting, 'findings' | 'hasLooked'>;

const NO_FINDINGS: FindingsOf = { findings: [], hasLooked: () => false };

export function portKey(protocol: string, number: number): string {
  return `${number}/${protocol}`;
}

/** What {@link portKey} was made from. */
export function parsePortKey(key: string): { readonly protocol: string; readonly number: number } {
  const [number = '', protocol = ''] = key.split('/');
  return { protocol, number: Number(number) };
}

export function sightingOf(run: RunCoverage, host: Host, identity = identify(host), found: FindingsOf = NO_FINDINGS): Sighting {
  const ports = new Map<string, PortSighting>();
  const undecided = new Map<string, PortSighting>();
  for (const port of host.ports) {
    const sighting = portSighting(port);
    if (sighting !== undefined) (tells(run, port) ? ports : undecided).set(portKey(sighting.protocol, sighting.number), sighting);
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

/** With `-Pn` only an answer tells that somebody is there. */
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
  // masscan may tell of TLS alone, which does not tell the protocol within it.
  const name = service?.name === undefined ? '' : shownService(service.name, service.tunnel);
  const asked = probed ? keptService(name, [service?.product, service?.version, service?.extrainfo]) : undefined;
  return {
    protocol,
    number,
    state: state.state,
    service: name,
    version: asked?.version,
    asked,
    certificate: certificateOf(certificateFields(scripts)),
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
