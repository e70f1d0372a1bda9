import type { Service } from '../state/known-host.ts';
import { stableText } from './stable-text.ts';

/** Which parts of a service must change before it counts as changed. */
export type ServiceIdentity = 'product' | 'version' | 'full';

/** Product and version matter for patches and weaknesses. `extrainfo` is free text of the service, which often contains a clock or uptime. */
export const DEFAULT_SERVICE_IDENTITY: ServiceIdentity = 'version';

/** A detected service in the form that is stored. */
export function keptService(name: string, words: readonly (string | undefined)[]): Service {
  const [product = '', version = '', more = ''] = words.map((word) => word ?? '');
  const upTo = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(' ');
  return { name, version: upTo(product, version, more), ends: [product.length, upTo(product, version).length] };
}

/** Product and version, and in parentheses what nmap adds, as nmap prints it: `OpenSSH 9.6p1 (protocol 2.0)`. */
export function shownVersion({ version, ends }: Pick<Service, 'version' | 'ends'>): string {
  const end = ends?.[1] ?? version.length;
  const [known, more] = [version.slice(0, end), version.slice(end).trim()];
  const added = more === '' || /^\(.*\)$/.test(more) ? more : `(${more})`;
  return [known, added].filter((part) => part !== '').join(' ');
}

export function isSameService(a: Service, b: Service, identity: ServiceIdentity): boolean {
  if (a.name !== b.name) return false;
  if (a.version === b.version) return true;
  if (a.ends === undefined || b.ends === undefined) return isSameUnparted(a, b, identity);
  return partsOf(a, identity).every((part, i) => part === partsOf(b, identity)[i]);
}

/**
 * Whether `a` is a less precise description of the service `b`. nmap names a service by its first words, and product and version by later
 * ones. When those are missing (an overloaded server or scanner, a script that timed out), nmap has seen less, and nothing has changed.
 */
export function isLessExact(a: Service, b: Service): boolean {
  return a.name === b.name ? isLessPrecise(a, b) || isRangeAround(a, b) : isProtocolOf(a, b);
}

/** Whether `a` lacks product and version, or only the version, of the same service. */
function isLessPrecise(a: Service, b: Service): boolean {
  const [[product, version], [otherProduct, otherVersion]] = [partsOf(a, 'version'), partsOf(b, 'version')];
  if (version !== '') return false;
  return product === otherProduct ? otherVersion !== '' : product === '';
}

/** `ssl`, `rpcbind`: nmap recognised how to talk to a service, but not which one it is. */
function isProtocolOf(a: Service, b: Service): boolean {
  if (a.version !== '') return false;
  return a.name === 'ssl' ? /^(?:https$|ssl\/)/.test(b.name) : a.name === 'rpcbind' && b.version.includes('RPC #');
}

/** `3.X - 4.X`, `2003 or 2008`: what nmap writes when several versions are possible. */
const RANGE = /\d\S{0,20} (?:-|or) \d|\d\.[xX]\b/;
/** Longer texts are compared as far as this. */
const MOST_COMPARED = 256;

/** `Samba smbd 3.X - 4.X`, which a script like `smb-os-discovery` replaces by `Samba smbd 4.17.12`. */
function isRangeAround(a: Service, b: Service): boolean {
  const [range, exact] = [a, b].map(({ version, ends }) => version.slice(0, Math.min(ends?.[1] ?? version.length, MOST_COMPARED))) as [
    string,
    string,
  ];
  if (!RANGE.test(range) || exact === '' || RANGE.test(exact)) return false;
  const words = range.toLowerCase().split(' ');
  return words.every((word) => /\d|^(?:-|or)$/.test(word) || exact.toLowerCase().includes(word));
}

/** The parts of a service without what changes by itself. */
function partsOf({ version: text, ends: [product, version] = [text.length, text.length] }: Service, identity: ServiceIdentity): readonly string[] {
  const parts = [stableText(text.slice(0, product), 'name')];
  if (identity !== 'product') parts.push(stableText(text.slice(product, version), 'name'));
  if (identity === 'full') parts.push(stableText(text.slice(version), 'remark'));
  return parts;
}

/** Older versions stored one text without the end of the version, so differences after it do not count. */
function isSameUnparted(a: Service, b: Service, identity: ServiceIdentity): boolean {
  const [old, now] = a.ends === undefined ? [a, b] : [b, a];
  if (now.ends === undefined) return stableText(old.version, 'remark') === stableText(now.version, 'remark');
  const counts = identity === 'full' ? now.version : now.version.slice(0, now.ends[identity === 'product' ? 0 : 1]);
  const form = identity === 'full' ? 'remark' : 'name';
  return stableText(old.version, form).startsWith(stableText(counts, form));
}
