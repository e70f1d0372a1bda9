import type { Certificate, PortSighting, Sighting } from './sighting.ts';

type ChangeAction =
  | 'host-new'
  | 'host-missing'
  | 'port-opened'
  | 'port-closed'
  | 'service-changed'
  | 'certificate-changed'
  | 'os-changed'
  | 'mac-changed';

/** One difference between what was known and what a run established. */
export interface Change {
  readonly action: ChangeAction;
  /** `192.0.2.7` */
  readonly host: string;
  readonly name: string | undefined;
  /** `443/tcp`, of a change of a port. */
  readonly port: string | undefined;
  /** What stood there and what stands there, in words: `closed`, `nginx 1.18.0`. */
  readonly before: string;
  readonly after: string;
  /** One line for people. */
  readonly message: string;
}

/** Two sightings of one host, and how much of the later one has nothing to be compared with. */
export interface Comparison {
  readonly changes: readonly Change[];
  /** Open ports that the earlier run did not test: new to us, but not known to have opened. */
  readonly firstSeen: number;
}

/**
 * What changed on a host that both runs have looked at. A port counts only where both established
 * something: what one of them did not test has not changed. `open|filtered` and `unfiltered` say
 * neither open nor not open, so nothing opens or closes because of them.
 */
export function compareHosts(before: Sighting, after: Sighting): Comparison {
  const changes: Change[] = [];
  const add = (action: ChangeAction, port: string | undefined, from: string, to: string, what: string): void => {
    const host = after.identity.key;
    changes.push({ action, host, name: after.identity.name ?? before.identity.name, port, before: from, after: to, message: `${host} ${what}` });
  };
  if (before.up && !after.up) {
    add('host-missing', undefined, 'up', 'down', 'is down');
    return { changes, firstSeen: 0 };
  }
  if (!before.up && after.up && !after.assumed) add('host-new', undefined, 'down', 'up', `${nameOf(after)}is up, and was down`);
  let firstSeen = 0;
  for (const key of portsOf(before, after)) firstSeen += comparePort(key, before, after, add) === 'first seen' ? 1 : 0;
  compareText('os-changed', before.os, after.os, 'operating system', add);
  compareText('mac-changed', before.identity.macs[0], after.identity.macs[0], 'MAC address', add);
  return { changes, firstSeen };
}

type Add = (action: ChangeAction, port: string | undefined, from: string, to: string, what: string) => void;

function comparePort(key: string, before: Sighting, after: Sighting, add: Add): 'first seen' | undefined {
  const [number = '', protocol = ''] = key.split('/');
  const [was, is] = [before.find(protocol, Number(number)), after.find(protocol, Number(number))];
  if (!is.tested) return undefined;
  const now = after.ports.get(key);
  if (!was.tested) return isOpen(is.state) === true ? 'first seen' : undefined;
  const [wasOpen, open] = [isOpen(was.state), isOpen(is.state)];
  if (wasOpen === undefined || open === undefined) return undefined;
  if (!wasOpen && open) add('port-opened', key, was.state, described(now), `${key} opened${inBrackets(described(now))}, was ${was.state}`);
  else if (wasOpen && !open) add('port-closed', key, described(before.ports.get(key)), is.state, `${key} is no longer open${inBrackets(is.state)}`);
  else if (wasOpen && open) compareServices(key, before.ports.get(key), now, add);
  return undefined;
}

/** Only where both were asked what they are. */
function compareServices(key: string, before: PortSighting | undefined, after: PortSighting | undefined, add: Add): void {
  if (before?.version !== undefined && after?.version !== undefined) {
    const [was, is] = [described(before), described(after)];
    if (was !== is) add('service-changed', key, was, is, `${key} changed from ${was} to ${is}`);
  }
  if (before?.certificate !== undefined && after?.certificate !== undefined && before.certificate.fingerprint !== after.certificate.fingerprint) {
    const [was, is] = [certificateText(before.certificate), certificateText(after.certificate)];
    add('certificate-changed', key, was, is, `${key} has another certificate: ${is}`);
  }
}

function compareText(action: 'os-changed' | 'mac-changed', before: string | undefined, after: string | undefined, what: string, add: Add): void {
  if (before !== undefined && after !== undefined && before !== after)
    add(action, undefined, before, after, `${what} changed from ${before} to ${after}`);
}

/** In the order of protocol and number. */
function portsOf(before: Sighting, after: Sighting): readonly string[] {
  return [...new Set([...before.ports.keys(), ...after.ports.keys()])].sort((a, b) => {
    const [[numberA = '', protocolA = ''], [numberB = '', protocolB = '']] = [a.split('/'), b.split('/')];
    return protocolA === protocolB ? Number(numberA) - Number(numberB) : protocolA < protocolB ? -1 : 1;
  });
}

/** Undefined when the state says neither. */
export function isOpen(state: string): boolean | undefined {
  if (state === 'open') return true;
  return state === 'closed' || state === 'filtered' || state === 'closed|filtered' ? false : undefined;
}

export function described(port: PortSighting | undefined): string {
  return [port?.service, port?.version].filter((word) => word !== undefined && word !== '').join(' ');
}

function certificateText({ subject, notAfter, fingerprint }: Certificate): string {
  return `${subject ?? fingerprint}${notAfter === undefined ? '' : `, until ${notAfter.slice(0, 10)}`}`;
}

function inBrackets(text: string): string {
  return text === '' ? '' : ` (${text})`;
}

export function nameOf({ identity }: Sighting): string {
  return identity.name === undefined ? '' : `(${identity.name}) `;
}
