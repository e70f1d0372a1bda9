import { serverVariable } from '../core/environment.ts';
import { PortlogError } from '../core/errors.ts';
import type { CommonOptions } from './options.ts';
import { onlyInScope } from './only.ts';
import { withoutUser } from './shown.ts';

/** Default addresses. */
export const ELASTICSEARCH_URL = 'http://127.0.0.1:9200';
export const LOKI_URL = 'http://127.0.0.1:3100';
export const OTLP_URL = 'http://127.0.0.1:4318';

/** The target of each member of a cluster; in the target, members are separated by commas. */
export function targetsOf({ target }: Pick<CommonOptions, 'target'>): readonly (string | undefined)[] {
  return target === undefined ? [undefined] : target.split(',').map((one) => one.trim());
}

/** The target as a URL without user and password. */
export function urlOf({ type, target }: Pick<CommonOptions, 'type' | 'target'>, defaultUrl: string): URL {
  const text = target ?? defaultUrl;
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || !isReachable(url))
    throw new PortlogError('sink-options', `"${withoutUser(text)}" is not a URL for ${type}`, {
      hint: whyNoUrl(text) ?? `write it whole, for example ${type}=https://host:${new URL(defaultUrl).port}`,
    });
  if (url.username !== '' || url.password !== '')
    throw new PortlogError('sink-options', `the URL for ${type} carries a user or password, which would show in process lists and messages`, {
      hint: `leave them out and set ${serverVariable(type, 'USER')} and ${serverVariable(type, 'PASSWORD')}`,
    });
  return url;
}

const BARE_IPV6 = /^https?:\/\/[0-9a-f]{0,4}:[0-9a-f]{0,4}:[0-9a-f:.]{0,40}(?:[/?#]|$)/i;

/** Whether a blank or the port makes a URL invalid, in words; undefined for anything else, such as a missing scheme. */
function whyNoUrl(text: string): string | undefined {
  if (/\s/.test(text)) return 'remove the space in it';
  if (BARE_IPV6.test(text)) return 'write an IPv6 address in brackets: https://[2001:db8::1]:9200';
  const [, port] = /^https?:\/\/[^/?#]*:([^\]:/?#]*)(?:[/?#]|$)/i.exec(text) ?? [];
  return port === undefined || (/^0*[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535)
    ? undefined
    : 'the port after the last colon is a number from 1 to 65535';
}

/** Whether host name (RFC 1035, 2.3.4) and port are valid. */
export function isReachable({ hostname, port }: URL): boolean {
  const labels = hostname.replace(/\.$/, '').split('.');
  return port !== '0' && hostname.length <= 254 && labels.every((label) => label.length > 0 && label.length <= 63);
}

/** Scheme, host, port, path and query string: identifies a destination. */
export function addressOf(url: URL): string {
  return url.origin + url.pathname.replace(/\/$/, '') + url.search;
}

/** Distinguishes destinations at the same address: `name=value` pairs, with the datasets unless all are sent. */
export function scopeOf(
  pairs: Readonly<Record<string, string | undefined>>,
  { name, datasets, only }: Pick<CommonOptions, 'name' | 'datasets' | 'only'>,
): string {
  const all = Object.entries({ ...pairs, name, datasets: datasets?.toSorted().join(','), only: onlyInScope(only) });
  return all.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [`${name}=${value}`])).join(' ');
}

/** The value of a name in the text of {@link scopeOf}. */
export function inScope(scope: string, name: string): string | undefined {
  return scope
    .split(' ')
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1);
}
