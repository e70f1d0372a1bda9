import { counted } from '../event/text.ts';
import type { Change, ChangeAction, Side } from './change.ts';
import { type Certificate, type KnownHost, type KnownPort, type OppositeTests, type LatestValue, type Service, since } from '../state/known-host.ts';
import { shownVersion } from './service.ts';
import type { PortSighting } from './sighting.ts';

const UNITS = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
] as const;

/** Fraction of a unit that may be missing: a weekly scan that took a few minutes longer was still seven days ago. */
const TOLERANCE = 0.02;

/** Milliseconds in words: `41 days`, `3 hours`, `12 seconds`. Rounded down, except when nearly a whole unit more; with `ceil`, rounded up. */
export function inWords(ms: number, round: 'floor' | 'ceil' = 'floor'): string {
  const more = round === 'floor' ? TOLERANCE : 0;
  for (const [size, unit] of UNITS) if (ms / size + more >= 1) return counted(Math[round](ms / size + more), unit);
  return counted(Math.max(0, Math[round](ms / 1000)), 'second');
}

/** `open for 41 days`; when the change happened at an unknown time after another state was seen, `open for less than 2 days`. */
export function durationWords(opposites: OppositeTests, what: 'yes' | 'no', time: number, word: string): string {
  const start = since(opposites, what) ?? time;
  const isExact = start === opposites[what]?.first || start === opposites[what]?.again;
  return ago(time - start, (age) => (isExact ? `${word} for ${age}` : `${word} for less than ${inWords(time - start, 'ceil')}`));
}

/** A phrase with an age. For two files the time between them does not matter, and less than a second says nothing: then `otherwise`. */
export function ago(ms: number, phrase: (age: string) => string, otherwise = ''): string {
  return ms < 1000 ? otherwise : phrase(inWords(ms));
}

export function inBrackets(text: string): string {
  return text === '' ? '' : ` (${text})`;
}

/** A change with its message, which begins with the host, and with the host's name when the host itself has changed. */
export function changeOf(
  { key, name }: KnownHost,
  action: ChangeAction,
  before: Side,
  after: Side,
  what: string,
  port?: Pick<KnownPort, 'protocol' | 'number'>,
): Change {
  const label = name === undefined || port !== undefined || name.value === key ? key : `${key} (${name.value})`;
  return {
    action,
    host: key,
    name: name?.value,
    port: port && { protocol: port.protocol, number: port.number },
    before,
    after,
    message: `${label} ${what}`,
  };
}

/** `ssh OpenSSH 9.2p1` */
export function serviceWords({ service, version }: Pick<PortSighting, 'service' | 'version'>): string {
  const words = [service === 'unknown' ? '' : service, version];
  return words.filter((word) => word !== undefined && word !== '').join(' ');
}

export function serviceText(service: Service): string {
  return serviceWords({ service: service.name, version: shownVersion(service) });
}

/** Two certificates in words; with their fingerprints when nothing else distinguishes them. */
export function certificateTexts(a: Certificate, b: Certificate): readonly [string, string] {
  const [one, other] = [certificateText(a), certificateText(b)];
  return one === other ? [`${one}, fingerprint ${a.fingerprint}`, `${other}, fingerprint ${b.fingerprint}`] : [one, other];
}

function certificateText({ subject, notAfter, fingerprint }: Certificate): string {
  return `${subject ?? fingerprint}${notAfter === undefined ? '' : `, until ${notAfter.slice(0, 10)}`}`;
}

/** Since when a value is known, when it was seen last, and in which scan. */
export function lifetimeOf({ since, at, scan }: LatestValue<unknown>): Pick<Side, 'since' | 'seen' | 'scan'> {
  return { since, seen: at, scan };
}
