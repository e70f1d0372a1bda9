import { commandLine, quoted, type Word } from './command-line.ts';
import { isSecretName, MASK, maskText, maskUserInfo, maskWord } from './mask-text.ts';
import { isKnownOption, lastOptionIn } from './options.ts';
import { type ScriptArgument, scriptArguments } from './script-args.ts';

/** Longer command lines are masked whole. */
const MAX_LENGTH = 1 << 20;
const NUMBER = /^\d*$/;

/** Masks secrets in nmap's command line. What cannot be parsed is masked whole. Linear in its length. */
export function maskArguments(args: string): string {
  if (args.length > MAX_LENGTH) return MASK;
  const { words, unreadableFrom } = commandLine(args);
  const masks = maskWords(words.map(({ text }) => text));
  let masked = '';
  let taken = 0;
  let before = 0;
  for (const [i, { start, end, text }] of words.entries()) {
    const mask = masks[i];
    if (mask !== text) {
      masked += mask === undefined ? args.slice(taken, before) : args.slice(taken, start) + quoted(mask);
      taken = end;
    }
    before = end;
  }
  return unreadableFrom === undefined ? masked + args.slice(taken) : masked + args.slice(taken, unreadableFrom) + MASK;
}

/** The same for separate arguments. Undefined for one that belongs to the masked value before it. */
function maskWords(words: readonly string[]): readonly (string | undefined)[] {
  const masked: (string | undefined)[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    const { name, value } = lastOptionIn(word);
    const mask = maskOf(name, word);
    if (mask === undefined || (value === undefined && i + 1 === words.length)) masked.push(maskWord(word));
    else {
      const isSeparateWord = value === undefined;
      if (isSeparateWord) masked.push(word);
      const text = value ?? words[++i] ?? '';
      masked.push((isSeparateWord ? '' : word.slice(0, word.length - text.length)) + mask(text));
      for (const end = mask === maskScriptArguments ? endOfQuote(words, i, text) : i; i < end; i++) masked.push(undefined);
    }
  }
  return masked;
}

/** Masks secrets in nmap's output: script arguments that the script engine prints, and whatever looks like a secret. */
export function maskOutput(text: string): string {
  return text
    .split('\n')
    .map((line) => {
      const at = WRITTEN.exec(line);
      return at === null ? maskText(line) : line.slice(0, at.index + at[0].length) + maskScriptArguments(line.slice(at.index + at[0].length));
    })
    .join('\n');
}

/** nse_main.lua, with `-d` and when arguments do not parse. */
const WRITTEN = /Arguments (?:from CLI|parsed): |^args = /;

type Mask = (value: string) => string;

/** How values of nmap's options are masked that may hold a secret or a payload; other words are checked one by one. */
const MASKS: ReadonlyMap<string, Mask> = new Map<string, Mask>([
  ['script-args', maskScriptArguments],
  ['script-args-file', maskWord],
  ['proxies', maskProxies],
  ['proxy', maskProxies],
  // An expression of script names, such as `http-auth,basic`.
  ['script', maskText],
  // Payload: it may be a token or part of an exploit.
  ['data', () => MASK],
  ['data-string', () => MASK],
  ['ip-options', maskIpOptions],
  // FTP bounce: `user:password@server:port`.
  ['b', maskUserInfo],
]);

/** An ambiguous abbreviation is masked as the option that may hold a secret. */
function maskOf(name: string, word: string): Mask | undefined {
  const mask = MASKS.get(name);
  if (mask !== undefined) return mask;
  const written = /^--?([\w-]{3,})(?==|$)/.exec(word)?.[1]?.replaceAll('_', '-') ?? '';
  if (written.startsWith('script-a')) return maskScriptArguments;
  if (written.startsWith('prox')) return maskProxies;
  return isSecretName(written) && !isKnownOption(written) ? () => MASK : undefined;
}

/**
 * The index of the last word of a value that begins at `i`: with an open quote, the word that closes it. Old versions of nmap
 * did not quote words.
 */
function endOfQuote(words: readonly string[], i: number, value: string): number {
  const quote = openQuote(value);
  if (quote === undefined) return i;
  let end = i + 1;
  while (words[end]?.includes(quote) === false) end++;
  return end === words.length ? i : end;
}

/** An unclosed single quote; nmap always escapes or closes double ones. */
function openQuote(value: string): string | undefined {
  return scriptArguments(value) === undefined && value.split("'").length % 2 === 0 ? "'" : undefined;
}

function maskScriptArguments(text: string): string {
  const values = scriptArguments(text);
  if (values === undefined) return MASK;
  let masked = '';
  let taken = 0;
  // A table comes after its members in the list, and takes precedence over them.
  for (const { start, end } of secretsIn(text, values).toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (start < taken) continue;
    masked += maskWord(text.slice(taken, start)) + (start === end ? '' : MASK);
    taken = end;
  }
  return masked + maskWord(text.slice(taken));
}

/** `\,` ends a value for nmap, although the author meant it to continue: the rest is masked, too. */
function secretsIn(text: string, values: readonly ScriptArgument[]): readonly Pick<Word, 'start' | 'end'>[] {
  let continues = false;
  return values.filter(({ names, isNamed, start, end }) => {
    const isSecret = names.some(isSecretName) || (continues && !isNamed);
    continues = isSecret && text.slice(start, end).endsWith('\\');
    return isSecret;
  });
}

/** Keeps routes (`S 192.0.2.1`, `R`), which say how a scan was made, and masks raw bytes (`\\x01\\x07`, `0x0107`). */
function maskIpOptions(text: string): string {
  return /^(?:[RTU]|[LS](?: +[\d.]+)+)$/.test(text) ? text : MASK;
}

/** `http://user:password@proxy:8080,socks4://proxy`. With one that is no URL, all are masked: it may be part of another. */
function maskProxies(text: string): string {
  const proxies = text.split(',').map((proxy) => {
    const [, scheme, userInfo, port] = PROXY.exec(proxy) ?? [];
    if (scheme === undefined || !NUMBER.test(port ?? '')) return undefined;
    return userInfo === undefined ? proxy : `${scheme}${MASK}${proxy.slice(scheme.length + userInfo.length)}`;
  });
  return proxies.includes(undefined) ? MASK : proxies.join(',');
}

const PROXY = /^([a-z][a-z0-9+.-]*:\/\/)(?:(.*)(?=@))?@?(?:\[[^\]@]*\]|[^:@[\]/]*)(?::([^/@]*))?\/?$/i;
