/** Replaces a secret. */
export const MASK = '***';

/** Longer names are not checked. */
const MAX_NAME = 256;
/** Parts of names of secrets: `smbpassword`, `creds.global`, `snmpcommunity`, `http-authorization`, `wpa_passphrase`. */
const IN_NAME =
  /pass|pwd|secret|token|cred|community|auth|hash|cookie|bearer|session|psk|private|jwt|(?:api|access|secret|master|account|license|shared|encryption)[_-]?key/i;
/** Whole words of such names: `db.pw`, `vulners.key`, `userpw`. */
const WORD_OF_NAME = /(?:^|[._-])(?:pw|key|api|pin|otp|sid|nt|lm|ntlm|krb5ccname)(?:$|[._-])|pw$|pwd$/i;
/** HTTP headers with secrets. */
const HEADER = /^(?:proxy-)?authorization$|^(?:set-)?cookie$|(?:api-?key|token|secret|password|passwd|passphrase)$/i;

/** Whether a value of this name is a secret. */
export function isSecretName(name: string): boolean {
  const end = name.slice(-MAX_NAME);
  return IN_NAME.test(end) || WORD_OF_NAME.test(end);
}

/** `name=value`; the value in quotes, in braces, or up to where a word ends. */
const NAME = /(?<![\w.-])([\w.-]+)\s*=\s*/g;
const VALUE = /"(?:[^"\\]|\\.)*(?:"|$)|'(?:[^'\\]|\\.)*(?:'|$)|\{[^\n]*|[^\s,;&"'}]+/sy;
/** `name: value`, up to the end of the line, or of the quotes around it. */
const HEADER_NAME = /(?<![\w-])([\w-]+)\s*:\s*/g;
const HEADER_VALUE = /[^\r\n"']+/y;
/** The value of an `Authorization` header, anywhere in a text. */
const SCHEME = /(?<![\w-])(basic|bearer|digest|negotiate|ntlm)(\s+)[\w.~+/=-]{8,}/gi;
const WITH_AT = /(?<![^\s"'@])[^\s"'@]*@[^\s"']*/g;

/** Masks secrets in free text. Linear in its length. */
export function maskText(text: string): string {
  return maskUserInfo(maskBehind(HEADER_NAME, isSecretHeader, HEADER_VALUE, maskBehind(NAME, isSecretName, VALUE, text)));
}

/** The same for a word of a command line. */
export function maskWord(text: string): string {
  return maskText(text).replace(SCHEME, `$1$2${MASK}`);
}

function isSecretHeader(name: string): boolean {
  return HEADER.test(name.slice(-MAX_NAME));
}

/** Masks each value behind a secret name. */
function maskBehind(names: RegExp, isSecret: (name: string) => boolean, values: RegExp, text: string): string {
  let masked = '';
  let taken = 0;
  for (const { index, 0: found, 1: name = '' } of text.matchAll(names)) {
    const start = index + found.length;
    if (index < taken || !isSecret(name)) continue;
    values.lastIndex = start;
    const value = values.exec(text)?.[0] ?? '';
    if (value === '') continue;
    masked += text.slice(taken, start) + MASK;
    taken = start + value.length;
  }
  return masked + text.slice(taken);
}

/** `http://user:password@proxy`, `user:password@proxy`; a password may hold `/` and `@`. */
export function maskUserInfo(text: string): string {
  return text.replace(WITH_AT, (word) => {
    const at = word.lastIndexOf('@');
    const scheme = word.indexOf('://');
    if (scheme !== -1 && scheme < at) return `${word.slice(0, scheme + 3)}${MASK}${word.slice(at)}`;
    const colon = word.indexOf(':');
    if (colon === -1 || colon > at) return word;
    const start = word.lastIndexOf('=', colon) + 1;
    return `${word.slice(0, start)}${MASK}${word.slice(at)}`;
  });
}
