import { envelope, type Statement } from '../event/envelope.ts';
import { type Fields, levelOf, type LogEvent, some } from '../event/event.ts';
import type { HostContext } from '../event/host.ts';
import { digest, eventId, findingEntityId, portEntityId } from '../event/id.ts';
import { serviceOf } from '../event/service-name.ts';
import { isoTime } from '../event/time.ts';
import { hasPorts } from '../nmap/transport.ts';
import type { Port } from '../nmap/model.ts';
import type { Finding, Vulnerability } from './finding.ts';
import type { FindingsAt } from './finder.ts';
import { findingKey } from './registry.ts';

const DATASET = 'nmap.finding';
/**
 * The acknowledgement group of the findings of a host. Findings depend on more than the scan: on the version of the rules, on settings, on the
 * exposure file. So the group depends on the findings themselves: when there are new ones, the group is a new one, which is not
 * acknowledged yet.
 */
export function findingsAckGroup({ observationId }: HostContext, places: Iterable<FindingsAt>): string {
  const contents = [];
  for (const { port, findings } of places)
    for (const finding of withoutSilenced(findings)) contents.push(port?.portid, port?.protocol, contentOf(finding));
  return digest(['findings', observationId, ...contents]);
}

/** The findings without those that the user has silenced. */
export function withoutSilenced(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ isSilenced }) => isSilenced !== true);
}

/** The parts of a finding that make it another statement when they change. */
function contentOf(finding: Finding): string {
  const { title, confidence, vulnerability } = finding;
  return JSON.stringify([findingKey(finding), title, confidence, vulnerability?.id, vulnerability?.score]);
}

/** `finding-observed`: a weakness of a port, or of the host (`port` undefined). `ackGroup`: see {@link findingsAckGroup}. */
export function findingEvent(host: HostContext, ackGroup: string, port: Port | undefined, finding: Finding): LogEvent {
  const { run, time, shared, networkType, identity } = host;
  const { options } = run;
  const entity = findingEntityId(port === undefined ? host.entityId : portEntityId(host.entityId, port.protocol, port.portid), findingKey(finding));
  const id = eventId(
    DATASET,
    'finding-observed',
    run.scanId,
    entity,
    JSON.stringify([host.sighting, finding.title, finding.confidence, finding.vulnerability?.id, finding.vulnerability?.score]),
  );
  const isTransport = port !== undefined && hasPorts(port.protocol);
  const statement: Statement = {
    id,
    ackGroup,
    dataset: DATASET,
    action: 'finding-observed',
    time,
    created: options.now(),
    severity: finding.severity,
    message: `${shownPlace(host, port)}: ${finding.title} [${levelOf(finding.severity)}]`,
    shared,
    event: { kind: 'state', category: [finding.rule.category === 'vulnerability' ? 'vulnerability' : 'configuration'], type: ['info'] },
    namespace: options.namespace,
  };
  return envelope(statement, {
    server: { address: identity.key, ip: identity.ips[0], port: isTransport ? port.number : undefined },
    network: { transport: port?.protocol, type: networkType },
    service: serviceOf(port?.service),
    ...findingFields(finding),
    nmap: { ...host.place, scan: { id: run.scanId }, entity: { id: entity }, ...nmapFinding(finding) },
  });
}

/** The fields of a finding in every event: `rule`, `vulnerability` and `nmap.finding`. */
export function findingStatement(finding: Finding): { readonly rule: Fields; readonly vulnerability: Fields | undefined; readonly finding: Fields } {
  return { ...findingFields(finding), ...nmapFinding(finding) };
}

/** ECS: what rule, and which vulnerability. */
function findingFields({ rule, severity, title, vulnerability }: Finding): { readonly rule: Fields; readonly vulnerability: Fields | undefined } {
  return {
    rule: { id: rule.id, name: rule.name, category: rule.category, description: rule.why, reference: rule.references[0] },
    vulnerability: vulnerability && vulnerabilityFields(vulnerability, severity, title),
  };
}

/** `nmap.finding`: what ECS has no field for. */
function nmapFinding({ rule, detail, title, confidence, severity, source, vulnerability }: Finding): { readonly finding: Fields } {
  return {
    finding: {
      detail,
      title,
      confidence,
      level: levelOf(severity),
      source,
      remedy: rule.remedy,
      exploit: vulnerability?.exploit,
      kev: vulnerability?.knownExploited && kevFields(vulnerability.knownExploited),
      epss: vulnerability?.probability && { ...vulnerability.probability, snapshot: dateField(vulnerability.probability.snapshot) },
      reference: some([...(vulnerability?.references ?? []), ...rule.references].slice(0, 20)),
    },
  };
}

function kevFields({ added, due, ransomware, snapshot }: NonNullable<Vulnerability['knownExploited']>): Fields {
  return { date_added: dateField(added), due_date: dateField(due), ransomware, snapshot: dateField(snapshot) };
}

/** A date as its first millisecond. */
function dateField(day: string | undefined): string | undefined {
  return day === undefined ? undefined : isoTime(Date.parse(day));
}

function vulnerabilityFields({ id, score, references }: Vulnerability, severity: number, title: string): Fields {
  const isCve = id.startsWith('CVE-');
  return {
    id,
    enumeration: isCve ? 'CVE' : undefined,
    classification: score === undefined ? undefined : 'CVSS',
    score: score === undefined ? undefined : { base: score },
    severity: levelOf(severity),
    description: title,
    reference: references?.[0],
    scanner: { vendor: 'Nmap' },
  };
}

/** `192.0.2.7 443/tcp` */
function shownPlace({ identity }: HostContext, port: Port | undefined): string {
  return port === undefined ? identity.key : `${identity.key} ${port.portid}/${port.protocol ?? '?'}`;
}
