import type { Service } from '../state/known-host.ts';
import { stableText } from './stable-text.ts';

/** How much of what nmap says of a service must change before it is another one. */
export type ServiceIdentity = 'product' | 'version' | 'full';

/**
 * Product and version are what patches and weaknesses follow. What stands behind them (`extrainfo`) is whatever a
 * service says of itself, on many of them its clock or how long it runs.
 */
export const DEFAULT_SERVICE_IDENTITY: ServiceIdentity = 'version';

/** What nmap says of a service that it has asked, as it is kept. */
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

/** Each without what changes by itself. */
function partsOf({ version: text, ends: [product, version] = [text.length, text.length] }: Service, identity: ServiceIdentity): readonly string[] {
  const parts = [stableText(text.slice(0, product), 'name')];
  if (identity !== 'product') parts.push(stableText(text.slice(product, version), 'name'));
  if (identity === 'full') parts.push(stableText(text.slice(version), 'remark'));
  return parts;
}

/** Earlier versions kept one text, in which nobody can tell where the version ends: the rest of it is no news. */
function isSameUnparted(a: Service, b: Service, identity: ServiceIdentity): boolean {
  const [old, now] = a.ends === undefined ? [a, b] : [b, a];
  if (now.ends === undefined) return stableText(old.version, 'remark') === stableText(now.version, 'remark');
  const counts = identity === 'full' ? now.version : now.version.slice(0, now.ends[identity === 'product' ? 0 : 1]);
  const form = identity === 'full' ? 'remark' : 'name';
  return stableText(old.version, form).startsWith(stableText(counts, form));
}
