import { comparePorts, type PortKey } from '../nmap/order.ts';
import {
  type Certificate,
  isNewest,
  type KnownHost,
  type KnownPort,
  lastOf,
  type LatestValue,
  note,
  type Service,
  since,
  currentValue,
  withValue,
} from '../state/known-host.ts';
import { addEntry, entriesOf } from '../state/large-table.ts';
import type { Change, ChangeAction, Side } from './change.ts';
import { isOpen } from './coverage.ts';
import type { Observation } from './observation.ts';
import { observeHostKeys } from './observe-host-keys.ts';
import { wasOpenBefore } from './observe-silence.ts';
import { ago, certificateTexts, changeOf, serviceWords, inBrackets, serviceText, lifetimeOf, durationWords } from './phrases.ts';
import { isLessExact, isSameService, type ServiceIdentity, shownVersion } from './service.ts';
import { portKey, type PortSighting, type Sighting } from './sighting.ts';
import { fromLists } from './tested-lists.ts';

/** How ports are compared. */
interface Comparison {
  readonly confirm: number;
  readonly identity: ServiceIdentity;
  /** When the host last answered, if it was silent since: what was open then counts as open until now. */
  readonly answered: number | undefined;
}

/** Updates the known ports of a host, listed and unlisted; adds to `changes`. */
export class PortObserver {
  private readonly known: KnownHost;
  private readonly sighting: Sighting;
  private readonly observation: Observation;
  private readonly confirm: number;
  private readonly identity: ServiceIdentity;
  /** Whether this sighting is older than the latest one of the host. */
  private readonly late: boolean;
  private readonly changes: Change[];
  private readonly firstSeen: KnownPort[] = [];
  private readonly unchanged = new Set<string>();
  private readonly answered: number | undefined;
  private readonly unreported: KnownPort[] = [];

  constructor(known: KnownHost, observation: Observation, { confirm, identity, answered }: Comparison, changes: Change[]) {
    this.known = known;
    this.observation = observation;
    this.sighting = observation.sighting;
    this.confirm = confirm;
    this.identity = identity;
    this.answered = answered;
    this.late = observation.time < known.time;
    this.changes = changes;
  }

  /**
   * `firstSeen`: open ports that no earlier run has tested; `unchanged`: ports at which an earlier run found the same product; `unreported`: ports
   * that are open again without a change of their own, because their host is back.
   */
  run(): { readonly firstSeen: readonly KnownPort[]; readonly unchanged: ReadonlySet<string>; readonly unreported: readonly KnownPort[] } {
    const { known, sighting } = this;
    const places: (readonly [string, PortKey])[] = [...sighting.ports, ...this.relevantUnlisted()];
    for (const [key, { protocol, number }] of places.sort(([, a], [, b]) => comparePorts(a, b))) {
      const found = sighting.find(protocol, number);
      if (!found.tested) continue;
      if (known.ports[key] === undefined) addEntry(known.ports, key, fromLists(known.tested, protocol, number, this.confirm));
      this.observePort(known.ports[key] as KnownPort, found.state, sighting.ports.get(key));
    }
    const { firstSeen, unchanged, unreported } = this;
    return { firstSeen, unchanged, unreported };
  }

  /**
   * Known ports for which it matters that they are not listed. Optimised, because a host may be listed thousands of times and have thousands
   * of known ports.
   */
  private *relevantUnlisted(): Generator<readonly [string, KnownPort]> {
    const { known, sighting } = this;
    const tested = sighting.unlisted.reduce((sum, { ports }) => sum + ports.size, 0);
    if (tested === 0) return;
    const all = entriesOf(known.ports);
    for (const [key, port] of all.length > tested ? knownIn(sighting.unlisted, known.ports) : all) {
      const isTested = sighting.unlisted.some(({ protocol, ports }) => protocol === port.protocol && ports.has(port.number));
      if (isTested && !sighting.ports.has(key)) yield [key, port];
    }
  }

  private observePort(port: KnownPort, state: string, listed: PortSighting | undefined): void {
    const { confirm, late } = this;
    const { time, scan } = this.observation;
    const before = { ...port, open: { ...port.open } };
    const wasSilenced = wasOpenBefore(this.answered, before.open);
    const was = wasSilenced ? 'yes' : currentValue(before.open, confirm);
    const open = isOpen(state);
    if (open !== undefined) note(port.open, open ? 'yes' : 'no', time, { keep: confirm, late });
    if (time > port.at || (time === port.at && !late)) {
      Object.assign(port, { state, at: time, scan });
      // Counted again with the findings.
      if (port.unconfirmed !== undefined) delete port.unconfirmed;
    }
    const is = currentValue(port.open, confirm);
    if (was === 'yes' && is === 'no') this.closed(before, port);
    else if (wasSilenced) this.unreported.push(port);
    if (open === true && listed !== undefined) {
      const isNews = isNewest(before.open, this.observation.time, this.late);
      if (was === undefined && isNews) this.firstSeen.push(port);
      if (was === 'no' && is === 'yes' && isNews) this.opened(before, listed);
      this.observeService(port, listed, was === 'yes');
      this.observeCertificate(port, listed);
      this.observeHostKeys(port, listed);
    }
  }

  private opened(before: KnownPort, now: PortSighting): void {
    const { time } = this.observation;
    const closedSince = since(before.open, 'no');
    const reopened = before.open.yes !== undefined;
    // nmap's latest state may be ambiguous.
    const was = isOpen(before.state) === false ? before.state : 'not open';
    const words = reopened
      ? ago(time - lastOf(before.open.yes), (age) => `, last seen open ${age} ago`)
      : ago(time - (closedSince ?? time), (age) => `, ${was} for ${age}`, `, was ${was}`);
    const after = { text: serviceWords(now), state: 'open', service: now.service || undefined, version: now.version, certificate: now.certificate };
    const side = { ...knownService(before), text: before.state, state: before.state, since: closedSince, seen: before.at, scan: before.scan };
    this.add(
      reopened ? 'port-reopened' : 'port-opened',
      side,
      after,
      `${place(before)} ${reopened ? 'reopened' : 'opened'}${inBrackets(after.text)}${words}`,
      before,
    );
  }

  private closed(before: KnownPort, port: KnownPort): void {
    const openSince = since(before.open, 'yes');
    const words = port.state === 'closed' ? 'closed' : `is no longer open: ${port.state}`;
    const side = { ...knownService(before), state: 'open', since: openSince, seen: lastOf(before.open.yes), scan: before.scan };
    const { time } = this.observation;
    const was = [side.text === '' ? [] : `was ${side.text}`, durationWords(before.open, 'yes', time, 'open')].flat().filter((part) => part !== '');
    this.add('port-closed', side, { text: port.state, state: port.state }, `${place(port)} ${words}${inBrackets(was.join(', '))}`, port);
  }

  /** Compares the service. Only detected services (`-sV`) are compared, and only while the port stayed open. */
  private observeService(port: KnownPort, { asked: service, service: guess, version }: PortSighting, wasOpen: boolean): void {
    const { service: known } = port;
    if (service === undefined) {
      if (guess !== '') port.guess = withValue(port.guess, guess, this.stamp);
      return;
    }
    const isSame = (a: Service, b: Service): boolean => isSameService(a, b, this.identity) || isLessExact(a, b) || isLessExact(b, a);
    if (wasOpen && known !== undefined && isSameService(known.value, service, 'product')) this.unchanged.add(place(port));
    port.service = moreExact(withValue(known, service, this.stamp, isSame), known, service, this.stamp.time);
    if (!wasOpen || known === undefined || port.service.value !== service || isSame(known.value, service)) return;
    const [from, to] = [serviceText(known.value), serviceText(service)];
    const side = { text: from, state: 'open', service: known.value.name, version: shownVersion(known.value), ...lifetimeOf(known) };
    const after = { text: to, state: 'open', service: guess, version };
    this.add('service-changed', side, after, `${place(port)} changed from ${from} to ${to}`, port);
  }

  /** Compared with the last certificate, even if the port was closed in between: what answers now is another server, or says so. */
  private observeCertificate(port: KnownPort, { certificate: seen }: PortSighting): void {
    const { certificate: known } = port;
    if (seen === undefined) return;
    port.certificate = withValue(known, seen, this.stamp, isSameCertificate);
    if (known === undefined || port.certificate.value !== seen || isSameCertificate(known.value, seen)) return;
    const [from, to] = certificateTexts(known.value, seen);
    const side = { text: from, certificate: known.value, ...lifetimeOf(known) };
    this.add('certificate-changed', side, { text: to, certificate: seen }, `${place(port)} has another certificate: ${to}, was ${from}`, port);
  }

  /** As certificates: who logs in compares the key with the last one. */
  private observeHostKeys(port: KnownPort, { hostKeys: seen }: PortSighting): void {
    if (seen.length === 0) return;
    const { now, change } = observeHostKeys(port.hostKeys, seen, this.stamp);
    port.hostKeys = now;
    if (change !== undefined) this.add('host-key-changed', change.before, change.after, `${place(port)} ${change.what}`, port);
  }

  private get stamp(): { readonly time: number; readonly scan: number; readonly late: boolean } {
    return { time: this.observation.time, scan: this.observation.scan, late: this.late };
  }

  private add(action: ChangeAction, before: Side, after: Side, what: string, port: KnownPort): void {
    this.changes.push(changeOf(this.known, action, before, after, what, port));
  }
}

/** Of two names of the same service, keeps the more precise one, whichever came last. */
function moreExact(now: LatestValue<Service>, before: LatestValue<Service> | undefined, seen: Service, time: number): LatestValue<Service> {
  if (before === undefined || isEqual(before.value, seen)) return now;
  if (isLessExact(seen, before.value)) return { ...now, value: before.value };
  // A value from before another service does not describe the current one.
  const isOfNow = now.replaced !== true || time >= now.since;
  return isOfNow && isLessExact(before.value, seen) ? { ...now, value: seen } : now;
}

function isEqual(a: Service, b: Service): boolean {
  return a.name === b.name && a.version === b.version;
}

function knownService({ service, guess, certificate }: KnownPort): Side {
  const name = service?.value.name ?? guess?.value ?? '';
  const version = service && shownVersion(service.value);
  return {
    text: serviceWords({ service: name, version }),
    service: name || undefined,
    version: version || undefined,
    certificate: certificate?.value,
  };
}

/** Newer versions of nmap print another hash (SHA-256 besides SHA-1), and different hashes cannot be compared. */
function isSameCertificate(a: Certificate, b: Certificate): boolean {
  if (a.fingerprint.length === b.fingerprint.length) return a.fingerprint === b.fingerprint;
  return a.subject === b.subject && a.notAfter === b.notAfter;
}

function place({ number, protocol }: KnownPort): string {
  return portKey(protocol, number);
}

/** The known ports that are in the sets. */
function* knownIn(sets: Sighting['unlisted'], known: KnownHost['ports']): Generator<readonly [string, KnownPort]> {
  const keys = new Set(sets.flatMap(({ protocol, ports }) => [...ports.numbers()].map((number) => portKey(protocol, number))));
  for (const key of keys) {
    const port = known[key];
    if (port !== undefined) yield [key, port];
  }
}
