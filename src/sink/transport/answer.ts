import type { Shape } from '../../core/shape.ts';
import { SinkError } from '../sink.ts';

/*
 * Answers of servers are untrusted. A value has the type that the protocol defines, or the answer is unknown: neither
 * acknowledgement nor rejection, so what was sent is kept and sent again.
 */

/** Nesting limit of JSON; protocols need a fifth of it. */
const MAX_DEPTH = 64;
/**
 * Most values and names in JSON. A batch of 2,000 events of which each failed has 60,000. `JSON.parse` makes sixty times of `{},{},…`: 31 MiB of it
 * took 2 GB.
 */
const MAX_VALUES = 250_000;
const MAX_NAME_LENGTH = 60;

export type Json = Readonly<Record<string, unknown>>;

/** The JSON of an answer; undefined when it is not valid JSON, is nested too deeply, or has more values than any answer. */
export function jsonIn(body: string): unknown {
  try {
    return isTooMuch(body) ? undefined : (JSON.parse(body) as unknown);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is a count: a whole number of 0 or more. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function isHttpStatus(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 100 && (value as number) <= 599;
}

/** Whether a receiver has taken everything, for protocols without a fixed status: any 2xx (Fluent Bit answers 201, Loki 204). */
export function isTaken(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Types of HTML, and what HTML begins with, possibly behind a declaration of XML or comments. */
const PAGE_TYPE = /^\s*(?:text\/html|application\/xhtml\+xml)\b/i;
const PAGE = /^\s*(?:<[?!][^>]*>\s*)*<(?:html|head|title|meta|body|script)[\s>]/i;
/** Only the beginning is looked at. */
const PAGE_BEGINS_WITHIN = 1000;

interface TextAnswer {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** Whether an answer is an HTML page, which comes from a proxy or login page. */
export function isPage({ headers, body }: TextAnswer): boolean {
  const begin = body.slice(0, PAGE_BEGINS_WITHIN);
  return PAGE_TYPE.test(headers['content-type'] ?? '') || /^\s*<!doctype html/i.test(begin) || PAGE.test(begin);
}

/** The title of a page, or its heading: HAProxy's pages have no title. */
const TITLE = /<(?:title|h1)\b[^<>]{0,100}>([^<]{1,200})/i;

/** What an answer says, on one line of at most `max` characters: its text; of a web page, which is written for a browser, only the title. */
export function plainWords(answer: TextAnswer, max: number): string {
  const { body } = answer;
  // A program that calls its text HTML is quoted.
  if (!body.trimStart().startsWith('<') || !isPage(answer)) return onOneLine(body, max);
  const title = onOneLine(TITLE.exec(body.slice(0, PAGE_BEGINS_WITHIN))?.[1] ?? '', max);
  return title === '' ? 'a web page' : `a web page, "${title}"`;
}

function onOneLine(text: string, max: number): string {
  return text
    .slice(0, 10 * max)
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, max);
}

/** Whether a 400 means that the path does not exist; VictoriaLogs answers that instead of 404: `unsupported path requested: "/v1/logs"`. */
export function refusesPath(status: number, body: string): boolean {
  return status === 400 && body.length < 300 && /\b(?:unsupported|unknown|invalid|no such) (?:path|endpoint|route|url)\b/i.test(body);
}

/** The text at a path of an answer; undefined when there is none. */
export function wordsAt(value: unknown, ...path: readonly string[]): string | undefined {
  let at = value;
  for (const name of path) at = isObject(at) ? at[name] : undefined;
  return typeof at === 'string' ? at : undefined;
}

/** A version or a name at a path of an answer, cut to the length of one. */
export function nameAt(value: unknown, ...path: readonly string[]): string | undefined {
  return wordsAt(value, ...path)?.slice(0, MAX_NAME_LENGTH);
}

/** The error for an unknown answer. `what`: server and request. */
export function unknownAnswer(what: string, why: string): SinkError {
  return new SinkError('temporary', `${what}: ${why}`, { hint: 'what was sent is kept; check proxies between portlog and the server' });
}

/** The JSON of an answer, checked against a shape; throws {@link unknownAnswer}. `what`: server and request. */
export function answerAs<T>(what: string, body: string, shape: Shape<T>): T {
  const json = jsonIn(body);
  if (shape(json)) return json;
  throw unknownAnswer(what, 'an answer that is none of that protocol');
}

/** Whether brackets, except those in strings, are nested too deeply, or there are too many values. */
function isTooMuch(text: string): boolean {
  let depth = 0;
  let values = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 0x5c) i++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > MAX_DEPTH || ++values > MAX_VALUES) return true;
    } else if (code === 0x7d || code === 0x5d) depth--;
    // A comma or a colon: another value, or its name.
    else if ((code === 0x2c || code === 0x3a) && ++values > MAX_VALUES) return true;
  }
  return false;
}
