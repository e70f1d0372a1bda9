import { isOpen } from './coverage.ts';
import { comparePorts, type Place } from '../nmap/order.ts';
import { fromLists, takeLists } from './tested-lists.ts';
import type { Observation, Outcome } from './observation.ts';
import type { ChangeOptions } from './options.ts';
import { DEFAULT_SERVICE_IDENTITY, isSameService, type ServiceIdentity } from './service.ts';
import { FindingObserver } from './observe-findings.ts';
import { ago, certificateText, changeOf, described, inBrackets, serviceText, stoodFor } from './words.ts';
import type { Change, ChangeAction, Side } from './change.ts';
import {
  type Certificate,
  isNewest,
  type KnownHost,
  type KnownPort,
  lastOf,
  note,
  type Register,
  type Service,
  since,
  standing,
  withValue,
} from '../state/known-host.ts';
import { portKey, type PortSighting, type Sighting } from './sighting.ts';

const NOTHING: Outcome = { changes: [], isFirstSeen: false, firstSeen: [], firstFindings: 0, findings: [] };
const MAX_MARKS = 64;

/**
 * Takes a sighting into what is known of the host, and says what changed. Whatever the order in which
 * scans come, the same is known in the end; a sighting that is older than what is known changes history
 * only, and is no news. A port counts only where the run has tested it. `confirm`: so many scans must
 * have found a port not open, or a host down, before that is news.
 */
export function observe(
  known: KnownHost,
  observation: Observation,
  { confirm = 1, service = DEFAULT_SERVICE_IDENTITY }: Partial<Pick<ChangeOptions, 'confirm' | 'service'>> = {},
): Outcome {
  const { time, mark } = observation;
  if (time === known.time && known.marks.includes(mark)) return NOTHING;
  const outcome = new Observing(known, observation, confirm, service).run();
  if (time > known.time) Object.assign(known, { time, scan: observation.scan, marks: [mark] });
  else if (time === known.time) known.marks = [...known.marks, mark].slice(-MAX_MARKS);
  return outcome;
}

/** A complete run that lists hosts that are down does not list this one. */
export function observeAbsence(known: KnownHost, time: number, confirm: number): readonly Change[] {
  const before = standing(known.up, confirm);
  note(known.up, 'no', time, { keep: confirm, late: false });
  return before === 'yes' && standing(known.up, confirm) === 'no' ? [missing(known, time)] : [];
}

class Observing {
  private readonly known: KnownHost;
  private readonly sighting: Sighting;
  private readonly observation: Observation;
  private readonly confirm: number;
  private readonly identity: ServiceIdentity;
  /** Older than the latest sighting of the host. */
  private readonly late: boolean;
  private readonly changes: Change[] = [];
  private readonly firstSeen: KnownPort[] = [];

  constructor(known: KnownHost, observation: Observation, confirm: number, identity: ServiceIdentity) {
    this.identity = identity;
    this.known = known;
    this.observation = observation;
    this.sighting = observation.sighting;
    this.confirm = confirm;
    this.late = observation.time < known.time;
  }

  run(): Outcome {
    const { known, sighting, observation } = this;
    const wasKnown = standing(known.up, this.confirm) !== undefined;
    // Looked up before the host is entered.
    const isNew = !wasKnown && sighting.presence === 'up' && !this.late && observation.wasLookedFor();
    const presence = this.observePresence(isNew);
    this.observeIdentity();
    if (sighting.presence === 'down') return { ...NOTHING, changes: this.changes };
    this.observePorts();
    takeLists(known, observation, this.confirm);
    if (presence === 'new') {
      // Its open ports are told with it.
      this.firstSeen.length = 0;
      this.changes.unshift(this.newHost());
    }
    const { first: firstFindings, moved: findings } = new FindingObserver(known, observation, this.confirm, this.changes).run();
    return {
      changes: this.changes,
      isFirstSeen: !wasKnown && presence !== 'new' && sighting.presence === 'up' && !this.late,
      firstSeen: this.firstSeen,
      firstFindings,
      findings,
    };
  }

  private observePresence(isNew: boolean): 'new' | undefined {
    const { known, sighting, confirm } = this;
    const { time } = this.observation;
    if (sighting.presence === 'unknown') return undefined;
    const before = { ...known.up };
    const was = standing(before, confirm);
    note(known.up, sighting.presence === 'up' ? 'yes' : 'no', time, { keep: confirm, late: this.late });
    const is = standing(known.up, confirm);
    if (was === is && !isNew) return undefined;
    if (was === 'yes' && is === 'no') this.changes.push(missing({ ...known, up: before }, time));
    if (is !== 'yes' || !isNewest(before, this.observation.time, this.late)) return undefined;
    if (isNew || (was === 'no' && before.yes === undefined)) return 'new';
    if (was === 'no') {
      const stood = since(before, 'no');
      this.add(
        'host-back',
        { text: 'down', state: 'down', since: stood, seen: lastOf(before.no), scan: known.scan },
        { text: 'up', state: 'up' },
        `is back${ago(time - lastOf(before.yes), (words) => `, last seen ${words} ago`)}`,
      );
    }
    return undefined;
  }

  private newHost(): Change {
    const { sighting } = this;
    const open = [...sighting.ports.values()].filter(({ state }) => isOpen(state) === true);
    const ports = open.map((port) => `${port.number}/${port.protocol} ${described(port)}`.trim());
    const shown =
      ports.length === 0 ? '' : `, with ${ports.slice(0, 10).join(', ')}${ports.length > 10 ? ` and ${ports.length - 10} more` : ''} open`;
    return this.change('host-new', { text: 'down' }, { text: 'up', state: 'up', ports }, `is new${shown}`);
  }

  private observeIdentity(): void {
    const { known, sighting, late } = this;
    const { identity, os } = sighting;
    if (!late) known.ips = identity.ips;
    if (identity.name !== undefined) known.name = withValue(known.name, identity.name, this.stamp);
    const [mac] = identity.macs;
    const [ip] = identity.ips;
    if (mac !== undefined)
      known.mac = this.observeValue('mac-changed', known.mac, mac, (value) => ({ text: value, mac: value }), 'MAC address changed');
    // A host that is told by its MAC address keeps its history when its address changes.
    if (mac === known.key && ip !== undefined)
      known.ip = this.observeValue('mac-changed', known.ip, ip, (value) => ({ text: value, mac, ip: value }), 'moved');
    if (os !== undefined)
      known.os = this.observeValue('os-changed', known.os, os, (value) => ({ text: value, os: value }), 'operating system changed');
  }

  private observeValue(
    action: ChangeAction,
    register: Register<string> | undefined,
    value: string,
    side: (value: string) => Side,
    what: string,
  ): Register<string> {
    const after = withValue(register, value, this.stamp);
    if (register !== undefined && after.value !== register.value)
      this.add(action, { ...side(register.value), ...stood(register) }, side(value), `${what} from ${register.value} to ${value}`);
    return after;
  }

  private observePorts(): void {
    const { known, sighting } = this;
    const places: (readonly [string, Place])[] = [...sighting.ports, ...this.tellingUnlisted()];
    for (const [key, { protocol, number }] of places.sort(([, a], [, b]) => comparePorts(a, b))) {
      const found = sighting.find(protocol, number);
      if (!found.tested) continue;
      known.ports[key] ??= fromLists(known.tested, protocol, number, this.confirm);
      this.observePort(known.ports[key], found.state, sighting.ports.get(key));
    }
  }

  /** Known ports of which it says something that they are not listed. A host may be listed thousands of times, and know thousands of ports. */
  private *tellingUnlisted(): Generator<readonly [string, KnownPort]> {
    const { known, sighting } = this;
    const told = sighting.unlisted.reduce((sum, { ports }) => sum + ports.size, 0);
    for (const key of told <= FEW ? keysIn(sighting.unlisted) : Object.keys(known.ports)) {
      const port = known.ports[key];
      const isTold = port !== undefined && sighting.unlisted.some(({ protocol, ports }) => protocol === port.protocol && ports.has(port.number));
      if (isTold && !sighting.ports.has(key)) yield [key, port];
    }
  }

  private observePort(port: KnownPort, state: string, listed: PortSighting | undefined): void {
    const { confirm, late } = this;
    const { time, scan } = this.observation;
    const before = { ...port, open: { ...port.open } };
    const was = standing(before.open, confirm);
    const open = isOpen(state);
    if (open !== undefined) note(port.open, open ? 'yes' : 'no', time, { keep: confirm, late });
    if (time > port.at || (time === port.at && !late)) Object.assign(port, { state, at: time, scan });
    const is = standing(port.open, confirm);
    if (was === 'yes' && is === 'no') this.closed(before, port);
    if (open === true && listed !== undefined) {
      const isNews = isNewest(before.open, this.observation.time, this.late);
      if (was === undefined && isNews) this.firstSeen.push(port);
      if (was === 'no' && is === 'yes' && isNews) this.opened(before, listed);
      this.observeService(port, listed, was === 'yes');
    }
  }

  private opened(before: KnownPort, now: PortSighting): void {
    const { time } = this.observation;
    const stood = since(before.open, 'no');
    const reopened = before.open.yes !== undefined;
    // What nmap said last may have been neither.
    const was = isOpen(before.state) === false ? before.state : 'not open';
    const words = reopened
      ? ago(time - lastOf(before.open.yes), (age) => `, last seen open ${age} ago`)
      : ago(time - (stood ?? time), (age) => `, ${was} for ${age}`, `, was ${was}`);
    const after = { text: described(now), state: 'open', service: now.service || undefined, version: now.version, certificate: now.certificate };
    const side = { ...knownService(before), text: before.state, state: before.state, since: stood, seen: before.at, scan: before.scan };
    this.add(
      reopened ? 'port-reopened' : 'port-opened',
      side,
      after,
      `${place(before)} ${reopened ? 'reopened' : 'opened'}${inBrackets(after.text)}${words}`,
      before,
    );
  }

  private closed(before: KnownPort, port: KnownPort): void {
    const stood = since(before.open, 'yes');
    const words = port.state === 'closed' ? 'closed' : `is no longer open: ${port.state}`;
    const side = { ...knownService(before), state: 'open', since: stood, seen: lastOf(before.open.yes), scan: before.scan };
    const { time } = this.observation;
    const was = [side.text === '' ? [] : `was ${side.text}`, stoodFor(before.open, 'yes', time, 'open')].flat().filter((part) => part !== '');
    this.add('port-closed', side, { text: port.state, state: port.state }, `${place(port)} ${words}${inBrackets(was.join(', '))}`, port);
  }

  /** What listens there; compared only with what was asked (`-sV`), and only while the port stayed open. */
  private observeService(port: KnownPort, now: PortSighting, wasOpen: boolean): void {
    const { service: known, certificate: seal } = port;
    if (now.asked === undefined) {
      if (now.service !== '') port.guess = withValue(port.guess, now.service, this.stamp);
    } else {
      const service = now.asked;
      const isSame = (a: Service, b: Service): boolean => isSameService(a, b, this.identity);
      port.service = withValue(known, service, this.stamp, isSame);
      if (wasOpen && known !== undefined && port.service.value === service && !isSame(known.value, service)) {
        const [from, to] = [serviceText(known.value), serviceText(service)];
        const side = { text: from, state: 'open', service: known.value.name, version: known.value.version, ...stood(known) };
        this.add(
          'service-changed',
          side,
          { text: to, state: 'open', service: now.service, version: now.version },
          `${place(port)} changed from ${from} to ${to}`,
          port,
        );
      }
    }
    if (now.certificate !== undefined) {
      port.certificate = withValue(seal, now.certificate, this.stamp, isSameCertificate);
      if (wasOpen && seal !== undefined && port.certificate.value === now.certificate && !isSameCertificate(seal.value, now.certificate)) {
        const [from, to] = [certificateText(seal.value), certificateText(now.certificate)];
        const side = { text: from, certificate: seal.value, ...stood(seal) };
        this.add('certificate-changed', side, { text: to, certificate: now.certificate }, `${place(port)} has another certificate: ${to}`, port);
      }
    }
  }

  private get stamp(): { readonly time: number; readonly scan: number; readonly late: boolean } {
    return { time: this.observation.time, scan: this.observation.scan, late: this.late };
  }

  private add(action: ChangeAction, before: Side, after: Side, what: string, port?: KnownPort): void {
    this.changes.push(this.change(action, before, after, what, port));
  }

  private change(action: ChangeAction, before: Side, after: Side, what: string, port?: KnownPort): Change {
    return changeOf(this.known, action, before, after, what, port);
  }
}

function missing(before: KnownHost, time: number): Change {
  const stood = since(before.up, 'yes');
  const side = { text: 'up', state: 'up', since: stood, seen: lastOf(before.up.yes), scan: before.scan };
  return changeOf(before, 'host-missing', side, { text: 'down', state: 'down' }, `is down${stoodFor(before.up, 'yes', time, ', was up')}`);
}

function knownService({ service, guess, certificate }: KnownPort): Side {
  const name = service?.value.name ?? guess?.value ?? '';
  const version = service?.value.version;
  return { text: described({ service: name, version }), service: name || undefined, version: version || undefined, certificate: certificate?.value };
}

function isSameCertificate(a: Certificate, b: Certificate): boolean {
  return a.fingerprint === b.fingerprint;
}

function stood({ since, at, scan }: Register<unknown>): Pick<Side, 'since' | 'seen' | 'scan'> {
  return { since, seen: at, scan };
}

function place({ number, protocol }: KnownPort): string {
  return portKey(protocol, number);
}

/** So many are asked for one by one, rather than all that is known gone through. */
const FEW = 1000;

/** Each once. */
function keysIn(sets: Sighting['unlisted']): ReadonlySet<string> {
  return new Set(sets.flatMap(({ protocol, ports }) => [...ports.numbers()].map((number) => portKey(protocol, number))));
}
