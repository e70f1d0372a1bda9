import type { Address, AddPort, ExtraPorts, Hop, Host, HostHint, Hostname, Port, Script } from './model.ts';
import type { Sequence, Status, Times, Trace, Uptime } from './model.ts';
import { readOs } from './os.ts';
import { readAddPort, readPort, readPorts, isEmptyPort } from './port.ts';
import { Reader } from './reader.ts';
import { readScripts } from './script.ts';

/** From this many characters on, the ports of a host are parsed lazily, one by one. */
const LAZY_PORTS_FROM = 1 << 20;
/** At most one per port number. */
const MAX_ADDPORTS = 1 << 16;

/** Reads the `host` element at [start, end). Throws {@link Malformed} when it is not well-formed. */
export function readHost(reader: Reader, start: number, end: number): Host {
  reader.enter(start, end);
  reader.renew();
  const host = new HostDraft(reader);
  const ports: Port[] = [];
  const lazy = end - start > LAZY_PORTS_FROM ? new LazyPorts(reader.text, end) : undefined;
  while (reader.nextChild(1)) {
    if (reader.name === 'ports') {
      if (lazy === undefined) readPorts(reader, ports, host.extraports);
      else {
        reader.keep(lazy.portsAt, reader.tagStart);
        reader.withoutKeeping(() => readPorts(reader, undefined, host.extraports));
      }
    } else CHILDREN.get(reader.name)?.(reader, host);
  }
  reader.finish();
  host.malformed = reader.takeNotes();
  host.source = reader.source(start);
  host.ports = lazy ?? ports;
  return host;
}

export function readHostHint(reader: Reader, start: number, end: number): HostHint {
  const { status, addresses, hostnames } = readHost(reader, start, end);
  return { status, addresses, hostnames };
}

/** How each child of a `host` element is read, except `ports`. */
const CHILDREN: ReadonlyMap<string, (reader: Reader, host: HostDraft) => void> = new Map([
  ['status', (reader, host) => void (host.status = readStatus(reader))],
  ['address', (reader, host) => addAddress(host.addresses, reader)],
  ['hostnames', (reader, host) => readHostnames(reader, host.hostnames)],
  ['addport', (reader, host) => reader.keep(host.addports, readAddPort(reader), MAX_ADDPORTS)],
  ['smurf', (reader, host) => reader.keep(host.smurfs, reader.integer('responses') ?? 0)],
  ['os', (reader, host) => void (host.os = readOs(reader))],
  ['distance', (reader, host) => void (host.distance = reader.integer('value'))],
  ['uptime', (reader, host) => void (host.uptime = readUptime(reader))],
  ['tcpsequence', (reader, host) => void (host.tcpsequence = readSequence(reader))],
  ['ipidsequence', (reader, host) => void (host.ipidsequence = readSequence(reader))],
  ['tcptssequence', (reader, host) => void (host.tcptssequence = readSequence(reader))],
  ['hostscript', (reader, host) => readScripts(reader, host.hostscripts)],
  ['trace', (reader, host) => reader.keep(host.traces, readTrace(reader))],
  ['times', (reader, host) => void (host.times = readTimes(reader))],
]);

/** A host while its children are read. */
class HostDraft implements Host {
  readonly starttime: number | undefined;
  readonly endtime: number | undefined;
  readonly timedout: boolean | undefined;
  readonly comment: string | undefined;
  status: Status | undefined = undefined;
  readonly addresses: Address[] = [];
  readonly hostnames: Hostname[] = [];
  readonly smurfs: number[] = [];
  ports: Iterable<Port> = [];
  readonly extraports: ExtraPorts[] = [];
  readonly addports: AddPort[] = [];
  os: Host['os'] = undefined;
  distance: number | undefined = undefined;
  uptime: Uptime | undefined = undefined;
  tcpsequence: Sequence | undefined = undefined;
  ipidsequence: Sequence | undefined = undefined;
  tcptssequence: Sequence | undefined = undefined;
  readonly hostscripts: Script[] = [];
  readonly traces: Trace[] = [];
  times: Times | undefined = undefined;
  malformed: readonly string[] = [];
  source = '';

  constructor(reader: Reader) {
    this.starttime = reader.integer('starttime');
    this.endtime = reader.integer('endtime');
    this.timedout = reader.boolean('timedout');
    this.comment = reader.attribute('comment');
  }
}

/** The ports of a host too large to hold as objects: a tarpit with 65,535 open ports and fingerprints. */
class LazyPorts implements Iterable<Port> {
  readonly portsAt: number[] = [];

  private readonly text: string;
  private readonly end: number;

  constructor(text: string, end: number) {
    this.text = text;
    this.end = end;
  }
  *[Symbol.iterator](): Iterator<Port> {
    const reader = new Reader(this.text);
    for (const start of this.portsAt) {
      reader.enter(start, this.end);
      while (reader.nextChild(1)) {
        if (reader.name !== 'port') continue;
        reader.renew();
        const port = readPort(reader);
        if (!isEmptyPort(port)) yield port;
      }
    }
  }
}

function readStatus(reader: Reader): Status {
  return {
    state: reader.attribute('state'),
    reason: reader.attribute('reason'),
    reasonTtl: reader.integer('reason_ttl'),
  };
}

function addAddress(addresses: Address[], reader: Reader): void {
  const addr = reader.attribute('addr');
  if (addr === undefined) return;
  reader.keep(addresses, { addr, addrtype: reader.attribute('addrtype'), vendor: reader.attribute('vendor') });
}

function readHostnames(reader: Reader, hostnames: Hostname[]): void {
  const level = reader.depth;
  while (reader.nextChild(level)) {
    if (reader.name === 'hostname') reader.keep(hostnames, { name: reader.attribute('name'), type: reader.attribute('type') });
  }
}

function readUptime(reader: Reader): Uptime {
  return {
    seconds: reader.integer('seconds'),
    lastboot: reader.attribute('lastboot'),
  };
}

function readSequence(reader: Reader): Sequence {
  return {
    index: reader.integer('index'),
    difficulty: reader.attribute('difficulty'),
    class: reader.attribute('class'),
    values: reader.attribute('values'),
  };
}

function readTimes(reader: Reader): Times {
  return {
    srtt: reader.integer('srtt'),
    rttvar: reader.integer('rttvar'),
    to: reader.integer('to'),
  };
}

function readTrace(reader: Reader): Trace {
  const level = reader.depth;
  const hops: Hop[] = [];
  const proto = reader.attribute('proto');
  const port = reader.port('port');
  let error: string | undefined;
  while (reader.nextChild(level)) {
    if (reader.name === 'hop') reader.keep(hops, readHop(reader));
    else if (reader.name === 'error') error = reader.attribute('errorstr');
  }
  return { proto, port, hops, error };
}

function readHop(reader: Reader): Hop {
  return {
    ttl: reader.integer('ttl'),
    rtt: reader.decimal('rtt'),
    ipaddr: reader.attribute('ipaddr'),
    host: reader.attribute('host'),
  };
}
