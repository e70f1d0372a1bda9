import type { AddPort, ExtraPorts, ExtraReason, Port, PortState, Service } from './model.ts';
import type { Reader } from './reader.ts';
import { bannerService } from './masscan.ts';
import { readScript } from './script.ts';

export function readPorts(reader: Reader, ports: Port[] | undefined, extraports: ExtraPorts[]): void {
  const level = reader.depth;
  while (reader.nextChild(level)) {
    if (reader.name === 'port') {
      if (ports === undefined) reader.renew();
      const port = readPort(reader);
      if (isEmptyPort(port)) reader.countEmpty(listings(port));
      else ports?.push(port);
    } else if (reader.name === 'extraports') reader.keep(extraports, readExtraPorts(reader));
  }
}

/** A `port` without any content; the DTD requires a state. */
export function isEmptyPort({ state, service, owner, scripts }: Port): boolean {
  return state?.state === undefined && service === undefined && owner === undefined && scripts.length === 0;
}

/** How often a host lists a port in a row, word for word. */
export function listings({ repeated = 0 }: Port): number {
  return 1 + repeated;
}

export function readPort(reader: Reader): Port {
  const level = reader.depth;
  const { noted } = reader;
  const portid = reader.attribute('portid') ?? '';
  const port: Port = {
    protocol: reader.attribute('protocol'),
    portid,
    number: reader.port('portid'),
    state: undefined,
    owner: undefined,
    service: undefined,
    scripts: [],
    source: '',
  };
  const start = reader.tagStart;
  while (reader.nextChild(level)) {
    switch (reader.name) {
      case 'state':
        port.state = readState(reader);
        break;
      case 'service':
        port.service = readService(reader);
        break;
      case 'script':
        reader.keep(port.scripts, readScript(reader));
        break;
      case 'owner':
        port.owner = reader.attribute('name');
        break;
      default:
    }
  }
  port.source = reader.source(start);
  // With notes about damage, each listing is read, because each has notes of its own.
  const repeated = reader.noted === noted ? reader.passRepeated(start) : 0;
  if (repeated > 0) port.repeated = repeated;
  return port;
}

function readState(reader: Reader): PortState {
  return {
    state: reader.attribute('state'),
    reason: reader.attribute('reason'),
    reasonTtl: reader.integer('reason_ttl'),
    reasonIp: reader.attribute('reason_ip'),
    conf: reader.integer('conf'),
  };
}

function readService(reader: Reader): Service {
  const level = reader.depth;
  const service: Service = {
    name: reader.attribute('name'),
    conf: reader.integer('conf'),
    method: reader.attribute('method'),
    version: reader.attribute('version'),
    product: reader.attribute('product'),
    extrainfo: reader.attribute('extrainfo'),
    tunnel: reader.attribute('tunnel'),
    proto: reader.attribute('proto'),
    rpcnum: reader.integer('rpcnum'),
    lowver: reader.integer('lowver'),
    highver: reader.integer('highver'),
    hostname: reader.attribute('hostname'),
    ostype: reader.attribute('ostype'),
    devicetype: reader.attribute('devicetype'),
    servicefp: reader.attribute('servicefp'),
    banner: reader.attribute('banner'),
    bannerType: undefined,
    cpes: [],
  };
  while (reader.nextChild(level)) if (reader.name === 'cpe') reader.keep(service.cpes, reader.elementText());
  const { banner, name } = service;
  return banner === undefined || service.method !== undefined ? service : { ...service, ...bannerService(name, banner), bannerType: name };
}

function readExtraPorts(reader: Reader): ExtraPorts {
  const level = reader.depth;
  const reasons: ExtraReason[] = [];
  const state = reader.attribute('state');
  const count = reader.integer('count');
  while (reader.nextChild(level)) {
    if (reader.name === 'extrareasons')
      reader.keep(reasons, {
        reason: reader.attribute('reason'),
        count: reader.integer('count'),
        proto: reader.attribute('proto'),
        ports: reader.attribute('ports'),
      });
  }
  return { state, count, reasons };
}

export function readAddPort(reader: Reader): AddPort {
  return {
    state: reader.attribute('state'),
    protocol: reader.attribute('protocol'),
    portid: reader.attribute('portid'),
    owner: reader.attribute('owner'),
  };
}
