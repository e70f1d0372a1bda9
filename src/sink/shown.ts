import type { SinkIdentity } from './sink.ts';

/* Addresses as people, events and metrics see them: what may be a secret in one is left out. */

/** Of webhooks, the last parts of the path are the secret: 24 characters with Slack, 26 with Mattermost, 68 with Discord. */
const LONGEST_SHOWN = 20;
const HIDDEN = '…';

/** Scheme, host, port and path, and that there is more. */
export function shownAddress({ origin, pathname, search }: URL): string {
  const path = pathname.replace(/\/$/, '').split('/');
  const shown = path.map((segment) => (segment.length > LONGEST_SHOWN || segment.includes(':') ? HIDDEN : segment)).join('/');
  return origin + shown + (search === '' ? '' : `?${HIDDEN}`);
}

/** A target as it stands behind `TYPE=` or in the state file: URLs with commas between them, or a path. */
export function shownTarget(target: string): string {
  return target
    .split(',')
    .map((one) => {
      const url = /^https?:\/\//i.test(one) ? URL.parse(one) : null;
      return url === null ? withoutUser(one) : shownAddress(url);
    })
    .join(',');
}

/** A destination as the state file knows it: `loki http://loki:3100 (tenant=a)`. */
export function shownIdentity({ type, target, scope }: SinkIdentity): string {
  return `${type} ${shownTarget(target)}${scope === '' ? '' : ` (${scope})`}`;
}

/** What somebody wrote as an address, which need not be one: without what stands before an `@`, and without what stands behind a `?`. */
export function withoutUser(text: string): string {
  const at = text.lastIndexOf('@');
  const begin = text.indexOf('//');
  const start = begin === -1 || begin > at ? 0 : begin + 2;
  const named = at === -1 ? text : text.slice(0, start) + HIDDEN + text.slice(at);
  const query = named.indexOf('?');
  return query === -1 ? named : `${named.slice(0, query)}?${HIDDEN}`;
}
