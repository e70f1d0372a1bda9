import type { RunContext } from '../event/context.ts';
import { envelope, type Statement } from '../event/envelope.ts';
import { type Fields, levelOf, type LogEvent, SEVERITY, Shared, some } from '../event/event.ts';
import { networkTypeOf } from '../event/address.ts';
import { type HostContext, placeFields } from '../event/host.ts';
import { digest, eventId, findingEntityId, hostEntityId, portEntityId } from '../event/id.ts';
import { counted, withCommas } from '../event/text.ts';
import { isoIfKnown, isoTime } from '../event/time.ts';
import type { Change, ChangeAction, Side } from './change.ts';
import type { KnownFinding, KnownHost } from '../state/known-host.ts';
import type { FindingStatement } from './sighting.ts';
import { knownShared } from './record.ts';
import type { FirstCounts, ScanCounts } from './scan-record.ts';
import type { Shrinkage } from './shrinkage.ts';
import { inWords } from './phrases.ts';

const DATASET = 'nmap.change';
const MAX_PORTS = 100;
const MAX_TARGETS = 100;

const SEVERITIES: Readonly<Record<ChangeAction, number>> = {
  'host-new': SEVERITY.medium,
  'host-missing': SEVERITY.low,
  'host-back': SEVERITY.low,
  'os-changed': SEVERITY.low,
  'mac-changed': SEVERITY.medium,
  'port-opened': SEVERITY.medium,
  'port-closed': SEVERITY.low,
  'port-reopened': SEVERITY.medium,
  'service-changed': SEVERITY.low,
  'certificate-changed': SEVERITY.low,
  'host-key-changed': SEVERITY.medium,
  // Used when the finding has no severity of its own.
  'finding-opened': SEVERITY.medium,
  'finding-resolved': SEVERITY.info,
  'exposure-unexpected': SEVERITY.medium,
  'exposure-expired': SEVERITY.low,
};

/** `nmap.scan.id` of a scan by its number in the state file. */
export type ScanIds = (nr: number) => string | undefined;

/** The event of a host's change. `time`: in the order of scans, which may differ from the host's own time. */
export function changeEvent(host: HostContext, change: Change, scanIds: ScanIds, time: number): LogEvent {
  const { run, identity, networkType, entityId, place } = host;
  const target = { address: identity.key, ip: identity.ips[0] };
  const dated = time === host.time ? host.shared : new Shared({ ...host.shared.fields, '@timestamp': isoTime(time) });
  const shared = identity.name === undefined && change.name !== undefined ? withName(dated, change.name) : dated;
  return statement(run, change, scanIds, { time, shared, target, entityId, networkType, place, ips: identity.ips });
}

/** Adds the known name of a host when the scan does not say it: a scan without names, or one that lists the host as down. */
function withName({ fields }: Shared, name: string): Shared {
  const [host, related] = [fields['host'] as Fields, fields['related'] as Fields | undefined];
  return new Shared({ ...fields, host: { ...host, name }, related: { ...related, hosts: [name] } });
}

/**
 * The same change, marked as part of a mass change; critical ones are not marked, because they must be looked at in any case. The mark does
 * not enter the id, because it depends on how far the scan was read.
 */
export function markedAsMass(event: LogEvent): LogEvent {
  if (event.severity >= SEVERITY.critical) return event;
  const nmap = event.own['nmap'] as Fields;
  return { ...event, own: { ...event.own, nmap: { ...nmap, change: { ...(nmap['change'] as Fields), mass: true } } } };
}

/** The event of a change at a host that the run does not list, with the host's known fields. */
export function absenceEvent(run: RunContext, known: KnownHost, change: Change, scanIds: ScanIds, time: number): LogEvent {
  const { key, ips } = known;
  const shared = knownShared(run, known, time);
  const entityId = hostEntityId(run.options.site, key);
  return statement(run, change, scanIds, {
    time,
    shared,
    target: { address: key, ip: ips[0] },
    entityId,
    networkType: networkTypeOf(ips),
    place: placeFields(run, ips),
    ips,
  });
}

interface Subject {
  readonly time: number;
  readonly shared: Shared;
  readonly target: { readonly address: string; readonly ip: string | undefined };
  readonly entityId: string;
  readonly networkType: string | undefined;
  readonly place: Fields;
  readonly ips: readonly string[];
}

function statement(
  run: RunContext,
  { action, port, before, after, finding, about, service = after.service, message }: Change,
  scanIds: ScanIds,
  subject: Subject,
): LogEvent {
  const { time, shared, target, networkType } = subject;
  const subjectId = port === undefined ? subject.entityId : portEntityId(subject.entityId, port.protocol, String(port.number));
  const entity = finding === undefined ? subjectId : findingEntityId(subjectId, finding.key);
  const known = sideFields(before, scanIds);
  const duration = before.since === undefined ? undefined : Math.max(0, Math.round((time - before.since) / 1000));
  return assemble(run, {
    action,
    entity,
    time,
    shared,
    place: { ...subject.place, expected: port && run.options.expects?.(subject.ips, port.number, port.protocol, time) },
    severity: action === 'finding-resolved' ? SEVERITIES[action] : (finding?.severity ?? SEVERITIES[action]),
    message,
    server: { ...target, port: port !== undefined && port.protocol !== 'ip' ? port.number : undefined },
    network: { transport: port?.protocol, type: networkType, protocol: protocolAsked(after) },
    service: service === undefined ? undefined : { type: service },
    change: { before: { ...known, duration_seconds: duration }, after: sideFields(after, scanIds) },
    finding,
    about,
  });
}

/** The detected protocol, as in `nmap.port`; the name that merely belongs to the port number is a guess. */
function protocolAsked({ service, version }: Side): string | undefined {
  if (version === undefined || service === undefined) return undefined;
  return service === 'https' ? 'http' : service.replace(/^ssl\//, '').toLowerCase();
}

function sideFields({ state, service, version, os, mac, ip, certificate, hostKeys, ports, since, seen, scan }: Side, scanIds: ScanIds): Fields {
  const id = scan === undefined ? undefined : scanIds(scan);
  return {
    state,
    service,
    version: version === '' ? undefined : version,
    os,
    mac,
    ip,
    certificate: certificate && { fingerprint: certificate.fingerprint, subject: certificate.subject, not_after: certificate.notAfter },
    host_keys: hostKeys && some(hostKeys),
    ports: ports === undefined ? undefined : some(ports.slice(0, MAX_PORTS)),
    since: isoIfKnown(since),
    seen: isoIfKnown(seen),
    scan: id === undefined ? undefined : { id },
  };
}

/** `baseline`: one event for everything in a run of which nothing was known before. `before`: what earlier baselines of the run have counted. */
export function baselineEvent(
  run: RunContext,
  time: number,
  {
    firstHosts: hosts,
    firstPorts: ports,
    firstProtocols: protocols = 0,
    firstFindings: findings,
    graveFindings: grave = 0,
    before,
  }: FirstCounts & { readonly before: number },
): LogEvent {
  const seen = [
    [hosts, 'host'],
    [ports, 'open port'],
    [protocols, 'open protocol'],
    [findings, 'finding'],
  ] as const;
  const words = seen.flatMap(([number, noun]) => (number > 0 ? counted(number, noun) : []));
  const reported = grave === 0 ? '' : `, except for ${counted(grave, 'finding')} reported ${grave === 1 ? 'by itself' : 'individually'}`;
  const message = `${listOf(words)} seen for the first time, with nothing earlier to compare: taken as the baseline${reported}`;
  const unlessNone = (number: number): number | undefined => (number === 0 ? undefined : number);
  const count = { hosts, ports, protocols: unlessNone(protocols), findings: unlessNone(findings) };
  return digestEvent(run, 'baseline', time, SEVERITY.info, message, { count }, unlessNone(before));
}

/** `1 host, 7 open ports and 3 findings` */
function listOf(words: readonly string[]): string {
  return [words.slice(0, -1).join(', '), ...words.slice(-1)].filter((part) => part !== '').join(' and ');
}

/** `mass-change`: so much has changed in a run that there is probably one cause. */
export function massChangeEvent(run: RunContext, time: number, { changes, changedHosts: hosts, mostChanged }: ScanCounts): LogEvent {
  const message = `${counted(changes, 'change')} on ${counted(hosts, 'host')} in one scan${mostly(changes, mostChanged)}: look for one cause (a firewall, another route, another scanner) before each of them`;
  return digestEvent(run, 'mass-change', time, SEVERITY.high, message, { count: { hosts, changes } });
}

/** The host to look at first: one that has most of the changes. */
function mostly(changes: number, most: ScanCounts['mostChanged']): string {
  if (most === undefined || most.changes * 2 <= changes) return '';
  return most.changes === changes ? `, all on ${most.host}` : `, ${withCommas(most.changes)} of them on ${most.host}`;
}

/** `scope-shrank`: a run has scanned less than the run before it that did the same. */
export function scopeShrankEvent(run: RunContext, time: number, { before, after, earlier }: Shrinkage): LogEvent {
  const what = [
    before.addresses === after.addresses ? '' : `${counted(after.addresses, 'address', 'addresses')}, ${withCommas(before.addresses)} the last time`,
    before.ports === after.ports ? '' : `${counted(after.ports, 'port')}, ${withCommas(before.ports)} the last time`,
  ].filter((part) => part !== '');
  const message = `the scan looked at less: ${what.join('; ')} (${inWords(time - earlier.ended)} ago); nothing is known to have changed beyond that`;
  return digestEvent(run, 'scope-shrank', time, SEVERITY.medium, message, {
    before: {
      addresses: before.addresses,
      port_count: before.ports,
      targets: some(before.targets.slice(0, MAX_TARGETS)),
      since: isoIfKnown(earlier.started),
      seen: isoIfKnown(earlier.ended),
      scan: { id: earlier.id },
    },
    after: { addresses: after.addresses, port_count: after.ports, targets: some(after.targets.slice(0, MAX_TARGETS)) },
  });
}

/** `nth`: distinguishes events of a run that say the same. */
function digestEvent(run: RunContext, action: string, time: number, severity: number, message: string, change: Fields, nth?: number): LogEvent {
  const entity = digest(['site', run.options.site]);
  const shared = new Shared({ '@timestamp': isoTime(time), ...run.base });
  return assemble(run, { action, entity, time, shared, place: { site: run.options.site }, severity, message, change, nth });
}

interface Parts {
  readonly action: string;
  readonly entity: string;
  readonly time: number;
  readonly shared: Shared;
  readonly severity: number;
  readonly message: string;
  readonly server?: Fields;
  readonly network?: Fields;
  readonly service?: Fields | undefined;
  /** `nmap.site`, and the facts about the network. */
  readonly place: Fields;
  readonly change: Fields;
  readonly nth?: number | undefined;
  readonly finding?: KnownFinding | undefined;
  readonly about?: FindingStatement | undefined;
}

function assemble(
  run: RunContext,
  { action, entity, time, shared, severity, message, server, network, service, change, nth, finding, about, place }: Parts,
): LogEvent {
  const { options, scanId } = run;
  const id = eventId(DATASET, action, scanId, entity, JSON.stringify(nth === undefined ? [time, change] : [time, change, nth]));
  const statement: Statement = {
    id,
    ackGroup: scanId,
    dataset: DATASET,
    action,
    time,
    created: options.now(),
    severity,
    message,
    shared,
    event: { kind: 'event', category: ['host'], type: ['change'] },
    namespace: options.namespace,
  };
  return envelope(statement, {
    server,
    network,
    service,
    rule: about?.rule ?? (finding && { id: finding.rule.id, name: finding.rule.name, category: finding.rule.category }),
    vulnerability: about?.vulnerability ?? (finding?.vulnerability === undefined ? undefined : { id: finding.vulnerability }),
    nmap: {
      ...place,
      scan: { id: scanId },
      entity: { id: entity },
      finding: about?.finding ?? (finding && { title: finding.title, source: finding.source, level: levelOf(finding.severity) }),
      change,
    },
  });
}
