const KNOWN = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
  // The most frequent ones; others take the slow path.
  ['#xa', '\n'],
  ['#45', '-'],
]);
const NUMERIC = /^#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,8}))$/;
const LONGEST = 10;

/**
 * Replaces character references and the five predefined entities (XML 1.0, 4.1 and 4.6).
 * Returns undefined for a bare `&` or an entity that nobody declared.
 *
 * nmap writes control characters as `&#x1b;`, which XML 1.0 forbids and strict parsers refuse; they
 * are kept, because the banner of a device is evidence. NUL, surrogates and numbers beyond Unicode
 * cannot be carried by every store and become U+FFFD.
 *
 * Slices around `indexOf`: `String.replace` with a callback took a quarter of the whole parse.
 */
export function decodeEntities(text: string): string | undefined {
  let decoded = '';
  let from = 0;
  for (let at = text.indexOf('&'); at !== -1; at = text.indexOf('&', from)) {
    const end = text.indexOf(';', at + 1);
    if (end === -1 || end - at > LONGEST) return undefined;
    const name = text.slice(at + 1, end);
    const value = KNOWN.get(name) ?? numeric(name);
    if (value === undefined) return undefined;
    decoded += text.slice(from, at) + value;
    from = end + 1;
  }
  return decoded + text.slice(from);
}

function numeric(name: string): string | undefined {
  const match = NUMERIC.exec(name);
  if (match === null) return undefined;
  const code = match[1] === undefined ? Number.parseInt(match[2] as string, 10) : Number.parseInt(match[1], 16);
  const forbidden = code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff);
  return forbidden ? '\uFFFD' : String.fromCodePoint(code);
}
