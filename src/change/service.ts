import type { Service } from '../state/known-host.ts';
import { stableText } from './stable-text.ts';

/** Which parts of a service must change before it counts as changed. */
export type ServiceIdentity = 'product' | 'version' | 'full';

/** Product and version are what patches and weaknesses follow. `extrainfo` is free text of the service, often with a clock or uptime. */
export const DEFAULT_SERVICE_IDENTITY: ServiceIdentity = 'version';

/** A detected service in the form that is stored. */
export function keptService(name: string, words: readonly (string | undefined)[]): Service {
  const [product = '', version = '', more = ''] = words.map((word) => word ?? '');
  const upTo = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(' ');
  return { name, version: upTo(product, version, more), ends: [product.length, upTo(product, version).length] };
}

export function isSameService(a: Service, b: Service, identity: ServiceIdentity): boolean {
  if (a.name !== b.name) return false;
  if (a.version === b.version) return true;
  if (a.ends === undefined || b.ends === undefined) return isSameUnparted(a, b, identity);
  return partsOf(a, identity).every((part, i) => part === partsOf(b, identity)[i]);
}

/**
 * Whether `a` says less of what `b` may be, too. nmap names a service by the first words that it hears, and product and version by
 * later ones: when those do not come (a server or a scanner with too much to do, a script that timed out), it has seen less,
 * and nothing has changed.
 */
export function isLessExact(a: Service, b: Service): boolean {
  return a.name === b.name ? saysLess(a, b) || isRangeAround(a, b) : isWayTo(a, b);
}

/** Of the same service: without a product and version, or without the version alone. */
function saysLess(a: Service, b: Service): boolean {
  const [[product, version], [otherProduct, otherVersion]] = [partsOf(a, 'version'), partsOf(b, 'version')];
  if (version !== '') return false;
  return product === otherProduct ? otherVersion !== '' : product === '';
}

/** `ssl`, `rpcbind`: nmap has heard in which way a service is spoken to, and not yet which one it is. */
function isWayTo(a: Service, b: Service): boolean {
  if (a.version !== '') return false;
  return a.name === 'ssl' ? /^(?:https$|ssl\/)/.test(b.name) : a.name === 'rpcbind' && b.version.includes('RPC #');
}

/** `3.X - 4.X`, `2003 or 2008`: what nmap writes when it cannot tell which. */
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

/** The parts without what changes by itself. */
function partsOf({ version: text, ends: [product, version] = [text.length, text.length] }: Service, identity: ServiceIdentity): readonly string[] {
  const parts = [stableText(text.slice(0, product), 'name')];
  if (identity !== 'product') parts.push(stableText(text.slice(product, version), 'name'));
  if (identity === 'full') parts.push(stableText(text.slice(version), 'remark'));
  return parts;
}

/** Earlier versions stored one text without the end of the version: differences behind it do not count. */
function isSameUnparted(a: Service, b: Service, identity: ServiceIdentity): boolean {
  const [old, now] = a.ends === undefined ? [a, b] : [b, a];
  if (now.ends === undefined) return stableText(old.version, 'remark') === stableText(now.version, 'remark');
  const counts = identity === 'full' ? now.version : now.version.slice(0, now.ends[identity === 'product' ? 0 : 1]);
  const form = identity === 'full' ? 'remark' : 'name';
  return stableText(old.version, form).startsWith(stableText(counts, form));
}
