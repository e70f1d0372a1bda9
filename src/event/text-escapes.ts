const BYTES = /(?:\\x[89A-F][0-9A-F])+/gi;
/** No name in a certificate is as long. */
const MAX_LENGTH = 1 << 16;
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Decodes the byte escapes that nmap's scripts write: `Ex\xC3\xA4mple` is `Exämple`. Invalid UTF-8 and control characters stay escaped. */
export function withCharacters(text: string): string {
  return text.length <= MAX_LENGTH && text.includes('\\x') ? text.replace(BYTES, decoded) : text;
}

function decoded(escapes: string): string {
  try {
    const text = UTF8.decode(Buffer.from(escapes.replaceAll('\\x', ''), 'hex'));
    return /[\u0080-\u009F]/.test(text) ? escapes : text;
  } catch {
    return escapes;
  }
}
