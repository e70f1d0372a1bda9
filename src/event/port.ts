import { hasPorts } from '../nmap/transport.ts';
import type { Port, Service } from '../nmap/model.ts';
import { certificateFields } from './certificate.ts';
import { envelope, frameOf, type Statement } from './envelope.ts';
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
  const { run, entityId, time, portShared, sighting, identity } = context;
  const { options } = run;
  const created = options.now();
  const entity = portEntityId(entityId, port.protocol, port.portid);
  const id = eventId(DATASET, ACTION, run.scanId, entity, sighting + port.source);
  const { service, scripts } = port;
  const isTransport = hasPorts(port.protocol);
  const statement: Statement = {
    id,
    ackGroup: context.ackGroup,
    dataset: DATASET,
    action: ACTION,
    time,
    created,
    severity: SEVERITY.info,
    message: portMessage(identity.key, port),
    shared: portShared,
    event: EVENT,
  };
  const frame = frameOf(statement);
  return envelope(statement, frame, {
    event: frame.event,
    server: { address: identity.key, ip: identity.ips[0], port: isTransport ? port.number : undefined },
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
      port: {
        id: port.portid,
        state: port.state?.state,
        reason: port.state?.reason,
        reason_ttl: port.state?.reasonTtl,
        reason_ip: port.state?.reasonIp,
        conf: port.state?.conf,
        owner: port.owner,
      },
      service: service && serviceFields(service),
      script: scriptFields(scripts),
    },
    message: frame.message,
  });
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
