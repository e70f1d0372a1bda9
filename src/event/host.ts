import type { Host } from '../nmap/model.ts';
import { type Identity, identifyInRun, networkTypeOf } from './address.ts';
import { dataStream, type RunContext } from './context.ts';
import { envelope, type Statement } from './envelope.ts';
import { type Fields, type LogEvent, SEVERITY, Shared, some } from './event.ts';
import { textOrDigest, digest, eventId, hostEntityId } from './id.ts';
import { hostOs, nmapOs } from './os.ts';
import { isUnanswered, type PortCounts, stateCounts } from './counts.ts';
import { scriptFields } from './script.ts';
import { isMisdated, isoSeconds, isoTime, seenAt } from './time.ts';

/** What the events of a host and its ports share. */
export interface HostContext {
  readonly run: RunContext;
  readonly host: Host;
  readonly identity: Identity;
  readonly entityId: string;
  /** Epoch milliseconds: the host's end time, else its start time, else the start of the run. */
  readonly time: number;
  readonly shared: Shared;
  /** Shared members of the events of its ports, with their data stream. */
  readonly portShared: Shared;
  /** `event.id` of the host's own event. */
  readonly observationId: string;
  readonly ackGroup: string;
  /** Identifies this sighting of the host; part of the digest in every event id. */
  readonly sighting: string;
  readonly networkType: string | undefined;
  /** Members of `nmap` in all of its events. */
  readonly place: Fields;
}

/** `nmap.site`, and what is known of the network. */
export function placeFields({ options }: Pick<RunContext, 'options'>, ips: readonly string[]): Fields {
  const facts = options.networkOf?.(ips);
  if (facts === undefined) return { site: options.site };
  const { network, zone, criticality, owner, external = false } = facts;
  return { site: options.site, network, zone, criticality, owner, external };
}

export function hostContext(run: RunContext, host: Host): HostContext {
  const identity = identifyInRun(host, run.macOwners, run.options.macNetworks, run.link);
  const now = run.options.now();
  const time = seenAt(host.endtime, now) || seenAt(host.starttime, now) || run.start;
  const fields = sharedFields(run, host, identity, time);
  const entityId = hostEntityId(run.options.site, identity.key);
  const observationId = eventId('nmap.host', 'host-observed', run.scanId, entityId, textOrDigest(host.source));
  return {
    run,
    host,
    identity,
    entityId,
    observationId,
    // With --all a host has more events, so its group is another one.
    ackGroup: digest(['unit', observationId, run.options.all ? 'all' : 'listed']),
    time,
    shared: new Shared(fields),
    portShared: new Shared({ ...fields, data_stream: dataStream('nmap.port', run.options.namespace) }),
    sighting: digest(sightingParts(host)),
    place: placeFields(run, identity.ips),
    networkType: networkTypeOf(identity.ips),
  };
}

export function hostEvent(context: HostContext, counts: PortCounts): LogEvent {
  const { run, host, identity, entityId, time, shared } = context;
  const { options } = run;
  const created = options.now();
  const { observationId: id } = context;
  const statement: Statement = {
    id,
    ackGroup: context.ackGroup,
    dataset: 'nmap.host',
    action: 'host-observed',
    time,
    created,
    severity: SEVERITY.info,
    message: messageOf(identity, host, counts),
    shared,
    event: { kind: 'state', category: ['host'], type: ['info'] },
    namespace: options.namespace,
  };
  return envelope(statement, {
    network: context.networkType === undefined ? undefined : { type: context.networkType },
    nmap: {
      ...context.place,
      scan: { id: run.scanId },
      entity: { id: entityId },
      host: nmapHost(host, counts, created),
      os: nmapOs(host.os),
      script: scriptFields(host.hostscripts),
      malformed: some([...host.malformed, ...misdatedIn(host, created)]),
    },
  });
}

/**
 * Impossible times of a host, as nmap wrote them. A 0 is not one: nmap writes it for each host that was traced or asked by scripts without a
 * port scan (`nmap -sn --traceroute`).
 */
export function misdatedIn({ starttime, endtime }: Host, now: number): readonly string[] {
  const times = [];
  if (starttime !== 0 && isMisdated(starttime, now)) times.push(`host@starttime=${starttime}`);
  if (endtime !== 0 && isMisdated(endtime, now)) times.push(`host@endtime=${endtime}`);
  return times;
}

/** Whether a host element describes the host. masscan writes one per port, and knows nothing about the host itself. */
export function isHostObservation(run: RunContext): boolean {
  return run.run.scanner !== 'masscan';
}

/** `host.name` of a host without a name: its address, for views that need one. Neither stored nor part of an id. */
export function hostName([ip]: readonly string[], key: string): string | undefined {
  return ip ?? (key === '' ? undefined : key);
}

function sharedFields(run: RunContext, host: Host, { key, ips, macs, name = hostName(ips, key), ptr, names }: Identity, time: number): Fields {
  return {
    '@timestamp': isoTime(time),
    ...run.base,
    'host': { ip: some(ips), name, hostname: ptr, mac: some(macs), os: hostOs(host.os) },
    'related': ips.length === 0 && names.length === 0 ? undefined : { ip: some(ips), hosts: some(names) },
  };
}

function sightingParts({ starttime, endtime, addresses, hostnames }: Host): readonly (string | number | undefined)[] {
  return [starttime, endtime, ...addresses.map(({ addr }) => addr), ...hostnames.flatMap(({ name, type }) => [name, type])];
}

function nmapHost(host: Host, counts: PortCounts, now: number): Fields {
  return {
    state: host.status?.state,
    reason: host.status?.reason,
    reason_ttl: host.status?.reasonTtl,
    timedout: host.timedout,
    comment: host.comment,
    start: isoSeconds(host.starttime, now),
    end: isoSeconds(host.endtime, now),
    addresses: some(host.addresses.map(({ addr, addrtype = 'ipv4', vendor }) => ({ addr, addrtype, vendor }))),
    hostnames: some(host.hostnames.map(({ name, type }) => ({ name, type }))),
    ports: { ...counts.byState, open: counts.byState.open - counts.openProtocols },
    protocols: counts.openProtocols === 0 ? undefined : { open: counts.openProtocols },
    extraports: some(host.extraports.map(({ state, count }) => ({ state, count }))),
    extrareasons: some(host.extraports.flatMap(({ state, reasons }) => reasons.map((reason) => ({ state, ...reason })))),
    addport: some(host.addports.map(({ state, protocol, portid, owner }) => ({ state, protocol, portid, owner }))),
    distance: host.distance,
    uptime: host.uptime && { seconds: host.uptime.seconds, lastboot: host.uptime.lastboot },
    tcpsequence: host.tcpsequence && { ...host.tcpsequence },
    ipidsequence: host.ipidsequence && { ...host.ipidsequence },
    tcptssequence: host.tcptssequence && { ...host.tcptssequence },
    smurf: some(host.smurfs),
    trace: some(host.traces.map(({ proto, port, error }) => ({ proto, port, error }))),
    hop: some(host.traces.flatMap(({ hops }) => hops.map((hop) => ({ ...hop })))),
    times: host.times && { ...host.times },
  };
}

function messageOf({ key, name }: Identity, host: Host, counts: PortCounts): string {
  const state = stateOf(host, counts);
  const label = name === undefined || name === key ? key : `${key} (${name})`;
  const ports = stateCounts(counts);
  return `${label} ${state}${ports === '' ? '' : `: ${ports}`}`;
}

function stateOf(host: Host, counts: PortCounts): string {
  if (host.timedout === true) return 'timed out';
  if (isUnanswered(host, counts)) return stateCounts(counts) !== '' ? 'no answer (-Pn)' : 'taken as up (-Pn)';
  return host.status?.state ?? 'seen';
}
