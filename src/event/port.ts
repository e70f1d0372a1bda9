import { hasPorts } from '../nmap/transport.ts';
import type { Port, Service } from '../nmap/model.ts';
import { certificateFields } from './certificate.ts';
import { envelope, type Statement } from './envelope.ts';
import { type Fields, type LogEvent, SEVERITY, some } from './event.ts';
import type { HostContext } from './host.ts';
import { eventId, portEntityId } from './id.ts';
import { scriptFields } from './script.ts';
import { serviceOf, shownService } from './service-name.ts';

const DATASET = 'nmap.port';
const ACTION = 'port-observed';
const EVENT = { kind: 'state', category: ['network'], type: ['info'] };

/** Closed and filtered ports, which are sent with `--all` only. */
export function isQuiet(port: Port): boolean {
  const state = port.state?.state;
  return state === 'closed' || state === 'filtered';
}

export function portEvent(context: HostContext, port: Port): LogEvent {
  const { run, entityId, identity } = context;
  const { service, scripts } = port;
  const entity = portEntityId(entityId, port.protocol, port.portid);
  return envelope(statementOf(context, port, entity), {
    server: { address: identity.key, ip: identity.ips[0], port: hasPorts(port.protocol) ? port.number : undefined },
    network: {
      transport: port.protocol,
      type: context.networkType,
      protocol: service?.method === 'probed' ? service.name?.toLowerCase() : undefined,
      iana_number: port.protocol === 'ip' ? port.portid : undefined,
    },
    service: serviceOf(service),
    tls: certificateFields(scripts),
    nmap: {
      ...context.place,
      scan: { id: run.scanId },
      entity: { id: entity },
      port: portFields(port),
      service: service && serviceFields(service),
      script: scriptFields(scripts),
    },
  });
}

function statementOf({ run, ackGroup, time, portShared, sighting, identity }: HostContext, port: Port, entity: string): Statement {
  return {
    id: eventId(DATASET, ACTION, run.scanId, entity, sighting + port.source),
    ackGroup,
    dataset: DATASET,
    action: ACTION,
    time,
    created: run.options.now(),
    severity: SEVERITY.info,
    message: portMessage(identity.key, port),
    shared: portShared,
    event: EVENT,
  };
}

function portFields({ portid, state, owner }: Port): Fields {
  return {
    id: portid,
    state: state?.state,
    reason: state?.reason,
    reason_ttl: state?.reasonTtl,
    reason_ip: state?.reasonIp,
    conf: state?.conf,
    owner,
  };
}

function serviceFields(service: Service): Fields {
  return {
    name: service.name,
    product: service.product,
    version: service.version,
    extrainfo: service.extrainfo,
    method: service.method,
    conf: service.conf,
    tunnel: service.tunnel,
    proto: service.proto,
    rpcnum: service.rpcnum,
    lowver: service.lowver,
    highver: service.highver,
    hostname: service.hostname,
    ostype: service.ostype,
    devicetype: service.devicetype,
    fingerprint: service.servicefp,
    banner_type: service.bannerType,
    banner: service.banner,
    cpe: some(service.cpes),
  };
}

/** `192.0.2.7 443/tcp open https nginx 1.18.0`: nmap's own line with the address in front. */
function portMessage(address: string, port: Port): string {
  const words = [address, `${port.portid}/${port.protocol ?? '?'}`, port.state?.state ?? 'unknown'];
  const { service } = port;
  if (service !== undefined) {
    words.push(shownService(service.name, service.tunnel));
    if (service.product !== undefined) words.push(service.product);
    if (service.version !== undefined) words.push(service.version);
  }
  return words.filter((word) => word !== '').join(' ');
}
