import { isIP, isIPv6 } from 'node:net';

/** Longer texts are compared as far as this. */
const MAX_LENGTH = 1024;
const GONE = '\u0000';

/** Clocks and uptimes, which never look like a version. */
const ANYWHERE: readonly RegExp[] = [
  /\b\d{1,6} days?,? \d{1,2}:\d{2}(?::\d{2})?\b/gi,
  /\b\d{1,12}(?:\.\d{1,9})? ?(?:days?|hours?|hrs?|minutes?|mins?|seconds?|secs?|ms)\b/gi,
  /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi,
  // Date and time in one word, in the basic form of ISO 8601; seconds or milliseconds since 1970, of the present.
  /\b(?:19|20)\d{6}T\d{4,6}(?:Z|[+-]\d{4})?\b/g,
  /(?<![\w.])1[5-9]\d{8}(?:\d{3})?(?![\w.])/g,
  /\b\d{1,9} (?:users|clients|players|connections|sessions|requests)\b/gi,
];
// A time after a date, joined by `T` (ISO 8601) or `:` (web server logs); text that continues after `hh:mm` is a version.
const CLOCK =
  /(?:\b|(?<=\dT))(?:\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?(?: ?[ap]m)?| ?[ap]m)|(?<![\d:.])(?:[01]\d|2[0-3]):[0-5]\d(?![\d:.]))(?:Z| ?[+-]\d{2}:?\d{2}\b)?/gi;
/** A version may look like a date; a date next to a time is none. */
const DATES: readonly RegExp[] = [
  /\b\d{4}-\d{2}-\d{2}T?/g,
  /\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.? {1,2}\d{1,2}\b(?:,? \d{4}\b)?/gi,
  /\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?\d{1,2}[ /-](?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}[ /-]\d{2,4}\b/gi,
];

/** Parts of a remark that change: counters, tokens, and dates with dots or slashes. */
const IN_REMARKS: readonly RegExp[] = [
  ...DATES,
  /\b\d{1,2}:\d{2}\b/g,
  /\b\d{1,2}[./]\d{1,2}[./]\d{4}\b/g,
  /\b(?:uptime|up|boots?|time|users?|clients?|players?|connections?|sessions?|count|pid|process|load|free|used|requests?|threads?|slots?|queue|pages?|level)\b[:= ]{0,3}\d[\d.,/%]{0,40}/gi,
  /\b\d[\d.,/]{0,40} (?:users?|clients?|players?|connections?|sessions?|requests?|threads?|pages?|jobs?)\b/gi,
  /\b\d{5,20}\b/g,
];

/**
 * A text without parts that change by themselves: clocks, counters, uptimes, addresses, tokens. Recognised by their form, because nobody knows
 * all services that print such things. In a `name` (product, version), only what cannot be part of a version is removed; in a `remark`, all of
 * it.
 */
export function stableText(text: string, form: 'name' | 'remark'): string {
  let rest = text.slice(0, MAX_LENGTH);
  if (!/\d/.test(rest)) return rest.trim();
  rest = words(rest, (word) => (isVolatile(word, form) ? GONE : word));
  const hasClock = rest.search(CLOCK) !== -1;
  for (const kind of [...(hasClock ? [CLOCK, ...DATES] : []), ...ANYWHERE, ...(form === 'remark' ? IN_REMARKS : [])])
    rest = rest.replaceAll(kind, GONE);
  return rest.replaceAll(/[\s\0]+/g, ' ').trim();
}

function words(text: string, change: (word: string) => string): string {
  return text
    .split(/([\s,;()[\]"'=<>]+)/)
    .map((part, i) => (i % 2 === 0 ? change(part) : part))
    .join('');
}

function isVolatile(word: string, form: 'name' | 'remark'): boolean {
  const address = word.replace(/[.:]$/, '').replace(/\/\d{1,3}$/, '');
  if (isIPv6(address) || /^[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4,6}[0-9a-f]{2}$/i.test(address)) return true;
  // A version may look like an address; with a port, it is an address.
  if (/^(?:\d{1,3}\.){3}\d{1,3}:\d{1,5}$/.test(word)) return true;
  if (form === 'name') return false;
  // `10.0.0.1`, `10.0.0.1:80`, a token of 8 or more characters, a host name with a domain.
  return (
    isIP(address.replace(/:\d{1,5}$/, '')) !== 0 ||
    (/^[0-9a-f]{8,}$/i.test(word) && /\d/.test(word)) ||
    (/^[A-Za-z0-9+/_-]{16,}={0,2}$/.test(word) && /\d/.test(word)) ||
    /^(?:[a-z0-9-]{1,63}\.){2,10}[a-z]{2,18}\.?$/i.test(address)
  );
}
