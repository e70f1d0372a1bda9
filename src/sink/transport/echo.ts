import { isShown } from '../shown.ts';

/*
 * Servers and proxies that refuse a request often repeat it: its headers, its path. Their words are printed, and kept with what they refused,
 * so what is secret in a request is made unreadable in its answer, before anybody reads that.
 */

/** Header names of which the values are secret. */
export const SECRET_HEADER = /auth|cookie|token|api-?key|secret|passw|credential|signature/i;

/** Shorter texts are parts of many words. */
const SHORTEST = 6;
/** From this length on, a text is the secret wherever it stands, also within a longer word. */
const UNMISTAKABLE = 12;
/** A word as in the names of protocols (`security_exception`), which an answer may need; a longer one without `_` is none of them. */
const LETTERS = /^[a-z_]+$/;
const LONGEST_WORD = 15;
const STAR = '*'.charCodeAt(0);

/** The texts in a request that its answer must not show: credentials, what a URL hides, values of headers that are secret by their name. */
export function secretsOf({ pathname, search }: URL, headers: Readonly<Record<string, string>>): readonly string[] {
  const inUrl = [...pathname.split('/').filter((segment) => !isShown(segment)), ...search.slice(1).split(/[&=]/)];
  const inHeaders = Object.entries(headers).flatMap(([name, value]) => (SECRET_HEADER.test(name) ? partsOf(value) : []));
  return recognisable([...inUrl, ...inHeaders]);
}

/** A key or token: letters and digits, and no path of a file. */
const KEY = /^(?!\/)(?=.*[A-Za-z])(?=.*\d)\S{8,}$/;

/** Arguments of a program that may be secrets, or have one: `KEY`, `--token=KEY`, `https://chat/KEY`. */
export function secretsIn(args: readonly string[]): readonly string[] {
  return recognisable(args.flatMap((arg) => arg.split(/[\s=/?&]/)).filter((word) => KEY.test(word)));
}

function recognisable(texts: readonly string[]): readonly string[] {
  const secrets = texts.filter((text) => text.length >= SHORTEST && !isWord(text));
  return [...new Set(secrets.flatMap(spellings))].toSorted((a, b) => b.length - a.length);
}

function isWord(text: string): boolean {
  return LETTERS.test(text) && (text.length <= LONGEST_WORD || text.includes('_'));
}

/** The value of a header, and what it consists of: `Bearer TOKEN`, `name=TOKEN`, and user and password of `Basic`. */
function partsOf(value: string): readonly string[] {
  const [, scheme = '', rest = value] = /^([A-Za-z]+) (.*)$/s.exec(value) ?? [];
  const basic = scheme.toLowerCase() === 'basic' ? Buffer.from(rest, 'base64').toString('utf8') : '';
  return [...rest.split(/[\s,;]+|(?<=\w)=(?=[^=])/), basic, basic.slice(basic.indexOf(':') + 1)];
}

/** A text as it stands in plain text, in a URL and in the JSON of some servers. */
function spellings(text: string): readonly string[] {
  const decoded = decodedOf(text.toWellFormed());
  const inJson = (one: string): readonly string[] => [JSON.stringify(one).slice(1, -1), one.replaceAll('/', '\\/')];
  return [text, decoded, encodeURIComponent(decoded), encodeURI(decoded), ...inJson(text), ...inJson(decoded)];
}

function decodedOf(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Overwrites these texts with as many asterisks, which keeps the length that binary answers state. */
export function withoutEcho(bytes: Buffer, secrets: readonly string[]): Buffer {
  for (const text of secrets) {
    const secret = Buffer.from(text);
    for (let at = bytes.indexOf(secret); at !== -1; at = bytes.indexOf(secret, at + 1)) {
      const end = at + secret.length;
      if (secret.length >= UNMISTAKABLE || !(isWordByte(bytes[at - 1]) || isWordByte(bytes[end]))) bytes.fill(STAR, at, end);
    }
  }
  return bytes;
}

/** {@link withoutEcho} for a text. */
export function textWithoutEcho(text: string, secrets: readonly string[]): string {
  return withoutEcho(Buffer.from(text), secrets).toString('utf8');
}

function isWordByte(byte = 0): boolean {
  return /[A-Za-z0-9]/.test(String.fromCharCode(byte));
}
