import { shellWord } from '../core/shell-word.ts';
import { levelOf } from '../event/event.ts';
import type { SinkIdentity } from './sink.ts';

/* Addresses in the form that people, events and metrics see: without what may be a secret. */

/**
 * Longest part of a path that is shown. The last part of a webhook's path is its secret: 24 characters with Slack, 26 with Mattermost, 68 with
 * Discord.
 */
const LONGEST_SHOWN = 20;
const HIDDEN = '…';

/** Scheme, host, port and path; a query string is only hinted at. */
export function shownAddress(url: URL): string {
  return url.origin + withoutSlash(shownPath(url)) + (url.search === '' ? '' : `?${HIDDEN}`);
}

/** The path alone. */
export function shownPath({ pathname }: URL): string {
  return pathname
    .split('/')
    .map((segment) => (isShown(segment) ? segment : HIDDEN))
    .join('/');
}

function withoutSlash(path: string): string {
  return path.replace(/\/$/, '');
}

/** Whether a part of a path cannot be a secret. */
export function isShown(segment: string): boolean {
  return segment.length <= LONGEST_SHOWN && !segment.includes(':');
}

/**
 * A server behind `--url` or `--to TYPE=` of a command that a message proposes, with what else it takes to reach it. A query string and a
 * part of the path may be a secret, and are left out.
 */
export function shownWay(url: URL, caFile: string | undefined): string {
  const address = url.origin + withoutSlash(shownPath(url));
  return caFile === undefined ? address : `${address} --ca-file ${shellWord(caFile)}`;
}

/** A target as in `TYPE=TARGET` or in the state file: URLs separated by commas, or a path. */
export function shownTarget(target: string): string {
  return target
    .split(',')
    .map((one) => {
      const url = /^https?:\/\//i.test(one) ? URL.parse(one) : null;
      return url === null ? withoutUser(one) : shownAddress(url);
    })
    .join(',');
}

/** The bounds of a destination in the words of the configuration: `only=severity:high`. */
export function shownScope(scope: string): string {
  return scope.replaceAll(/(?<=[=;])severity:(\d+)/g, (_, severity: string) => `severity:${levelOf(Number(severity))}`);
}

/** A destination as the state file knows it: `loki http://loki:3100 (tenant=a)`. */
export function shownIdentity({ type, target, scope }: SinkIdentity): string {
  return `${type} ${shownTarget(target)}${scope === '' ? '' : ` (${shownScope(scope)})`}`;
}

/** Text that somebody gave as an address, without what precedes an `@` and what follows a `?`, because either may be a secret. */
export function withoutUser(text: string): string {
  const at = text.lastIndexOf('@');
  const begin = text.indexOf('//');
  const start = begin === -1 || begin > at ? 0 : begin + 2;
  const named = at === -1 ? text : text.slice(0, start) + HIDDEN + text.slice(at);
  const query = named.indexOf('?');
  return query === -1 ? named : `${named.slice(0, query)}?${HIDDEN}`;
}
