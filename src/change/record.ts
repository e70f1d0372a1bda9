import type { RunContext } from '../event/context.ts';
import { envelope, type Statement } from '../event/envelope.ts';
import { type Fields, INVENTORY, INVENTORY_GROUP, levelOf, type LogEvent, SEVERITY, Shared, some } from '../event/event.ts';
import { networkTypeOf } from '../event/address.ts';
import { findingEntityId, hostEntityId, portEntityId } from '../event/id.ts';
import { hasPorts } from '../nmap/transport.ts';
import { counted, withCommas } from '../event/text.ts';
import { hostName, placeFields } from '../event/host.ts';
import { isoIfKnown, isoTime } from '../event/time.ts';
import {
  type KnownFinding,
  type KnownHost,
  type KnownPort,
  lastOf,
  openAt,
  presenceOf,
  presenceSince,
  since,
  currentValue,
} from '../state/known-host.ts';
import { revisionOf } from './revision.ts';
import { parsePortKey, portKey } from './sighting.ts';
import { shownVersion } from './service.ts';

/** The scan in which it was found; without an id when that scan is no longer kept. */
export interface RecordContext extends Pick<RunContext, 'options' | 'base'> {
  readonly scanId: string | undefined;
}

/** Number of open findings, and the worst of them. */
interface Risk {
  readonly findings: number;
  readonly risk: number;
  readonly level: string;
}

const NO_RISK: Risk = { findings: 0, risk: 0, level: levelOf(0) };

/** A host with what all its records need, computed once: a host may have 65,535 ports, with findings on each. */
export interface RecordedHost {
  readonly known: KnownHost;
  readonly state: 'up' | 'down';
  /** By port as in {@link portKey}; undefined: of the whole host. */
  readonly risks: ReadonlyMap<string | undefined, Risk>;
}

export function recordedHost(known: KnownHost): RecordedHost {
  const severities = new Map<string | undefined, { findings: number; risk: number }>([[undefined, { findings: 0, risk: 0 }]]);
  for (const { port, severity, open } of Object.values(known.findings)) {
    if (currentValue(open, 1) !== 'yes') continue;
    for (const place of new Set([undefined, port])) {
      const { findings, risk } = severities.get(place) ?? { findings: 0, risk: 0 };
      severities.set(place, { findings: findings + 1, risk: Math.max(risk, severity) });
    }
  }
  const risks = new Map([...severities].map(([place, { findings, risk }]) => [place, { findings, risk, level: levelOf(risk) }] as const));
  return { known, state: hostStateOf(known), risks };
}

/** The inventory record of a host, for `nmap-inventory-<namespace>`. `time`: of the observation, epoch milliseconds. */
export function hostRecord(run: RecordContext, { known: host, state, risks }: RecordedHost, time: number): LogEvent {
  const { ports, protocols } = openAt(host);
  const name = host.name === undefined || host.name.value === host.key ? '' : ` (${host.name.value})`;
  const entity = hostEntityId(run.options.site, host.key);
  const risk = risks.get(undefined) ?? NO_RISK;
  return record(run, host, time, {
    entity,
    message: [`${host.key}${name} ${state}`, `${withCommas(ports)} open`, ...(protocols === 0 ? [] : [counted(protocols, 'open protocol')])].join(
      ', ',
    ),
    nmap: {
      inventory: {
        kind: 'host',
        state,
        first_seen: isoIfKnown(host.up.yes?.first),
        last_seen: isoIfKnown(lastOf(host.up.yes)),
        last_tested: isoIfKnown(Math.max(host.time, time)),
        since: isoIfKnown(presenceSince(host, 1)),
        open_ports: ports,
        open_protocols: protocols === 0 ? undefined : protocols,
        ...risk,
      },
    },
    more: { server: { address: host.key, ip: host.ips[0] } },
    // ECS fields for a risk that was calculated by our own analysis.
    host: { risk: { calculated_level: risk.level, calculated_score_norm: risk.risk } },
  });
}

export function hostStateOf(host: Pick<KnownHost, 'up' | 'ports'>): 'up' | 'down' {
  return presenceOf(host, 1) === 'no' ? 'down' : 'up';
}

export function portRecord(run: RecordContext, { known: host, state: hostState, risks }: RecordedHost, port: KnownPort, time: number): LogEvent {
  const { protocol, number, state, service, guess, certificate, open, at } = port;
  const current = currentValue(open, 1);
  const name = service?.value.name ?? guess?.value;
  const words = [host.key, `${number}/${protocol}`, state, name, service && shownVersion(service.value)].filter(
    (word) => word !== undefined && word !== '',
  );
  const entity = portEntityId(hostEntityId(run.options.site, host.key), protocol, String(number));
  return record(run, host, time, {
    entity,
    message: words.join(' '),
    nmap: {
      port: { id: String(number), state },
      service: service && { name: service.value.name, version: shownVersion(service.value) || undefined },
      inventory: {
        kind: hasPorts(protocol) ? 'port' : 'protocol',
        state,
        host_state: hostState,
        first_seen: isoIfKnown(open.yes?.first),
        last_seen: isoIfKnown(lastOf(open.yes)),
        last_tested: isoIfKnown(at),
        since: isoIfKnown(current && since(open, current)),
        ...(risks.get(portKey(protocol, number)) ?? NO_RISK),
      },
    },
    more: {
      server: { address: host.key, ip: host.ips[0], port: hasPorts(protocol) ? number : undefined },
      network: { transport: protocol, type: networkTypeOf(host.ips) },
      service: name === undefined || name === '' ? undefined : { type: name },
      tls: certificate && { server: { subject: certificate.value.subject, not_after: certificate.value.notAfter } },
    },
  });
}

/** The inventory record of a finding. `remedy`: the one of its rule. */
export function findingRecord(
  run: RecordContext,
  { known: host, state: hostState }: RecordedHost,
  { port: at, key, open, rule, title, severity, source, vulnerability, exploited }: KnownFinding,
  { time, remedy }: { readonly time: number; readonly remedy: string | undefined },
): LogEvent {
  const place = at === undefined ? undefined : parsePortKey(at);
  const hostId = hostEntityId(run.options.site, host.key);
  const entity = findingEntityId(place === undefined ? hostId : portEntityId(hostId, place.protocol, String(place.number)), key);
  const state = currentValue(open, 1) === 'yes' ? 'open' : 'resolved';
  const level = levelOf(severity);
  const known = at === undefined ? undefined : host.ports[at];
  const service = known?.service?.value.name ?? known?.guess?.value;
  return record(run, host, time, {
    entity,
    severity,
    message: [host.key, at, `${state === 'open' ? '' : 'resolved: '}${title} [${level}]`].filter((word) => word !== undefined).join(' '),
    nmap: {
      finding: { title, level, source, remedy, exploit: exploited },
      inventory: {
        kind: 'finding',
        state,
        host_state: hostState,
        first_seen: isoIfKnown(open.yes?.first),
        last_seen: isoIfKnown(lastOf(open.yes)),
        last_tested: isoIfKnown(Math.max(lastOf(open.yes), lastOf(open.no))),
        since: isoIfKnown(since(open, state === 'open' ? 'yes' : 'no')),
        risk: severity,
        level,
      },
    },
    more: {
      server: { address: host.key, ip: host.ips[0], port: place !== undefined && hasPorts(place.protocol) ? place.number : undefined },
      network: { transport: place?.protocol, type: networkTypeOf(host.ips) },
      service: service === undefined || service === '' ? undefined : { type: service },
      rule: { id: rule.id, name: rule.name, category: rule.category },
      vulnerability: vulnerability === undefined ? undefined : { id: vulnerability },
    },
  });
}

/** What differs between the records of hosts, ports and findings. */
interface RecordParts {
  readonly entity: string;
  readonly message: string;
  readonly nmap: Fields;
  /** Severity of a finding, as in `nmap.finding`, for sorting. */
  readonly severity?: number;
  /** Members beside `nmap`, and members of `host`. */
  readonly more: Fields;
  readonly host?: Fields;
}

function record(run: RecordContext, host: KnownHost, time: number, { entity, message, nmap, severity, more, host: about }: RecordParts): LogEvent {
  const { options, scanId } = run;
  const { ips } = host;
  const statement: Statement = {
    id: entity,
    ackGroup: INVENTORY_GROUP,
    dataset: INVENTORY,
    revision: revisionOf(host),
    action: 'known',
    time,
    created: options.now(),
    severity: SEVERITY.info,
    message,
    shared: knownShared(run, host, time, { os: host.os && { full: host.os.value }, ...about }),
    event: { kind: 'asset', category: ['host'], type: ['info'], more: { severity } },
  };
  return envelope(statement, {
    network: { type: networkTypeOf(host.ips) },
    ...more,
    nmap: { ...placeFields(run, ips), scan: { id: scanId }, entity: { id: entity }, ...nmap },
  });
}

/** The shared members of a known host's events. `more`: members of `host`. */
export function knownShared({ base }: Pick<RunContext, 'base'>, { key, ips, name, mac }: KnownHost, time: number, more: Fields = {}): Shared {
  return new Shared({
    '@timestamp': isoTime(time),
    ...base,
    'host': { ip: some(ips), name: name?.value ?? hostName(ips, key), mac: mac && [mac.value], ...more },
    'related': ips.length === 0 && name === undefined ? undefined : { ip: some(ips), hosts: name && [name.value] },
  });
}
