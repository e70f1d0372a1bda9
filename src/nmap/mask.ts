import { commandLine, quoted, type Word } from './command-line.ts';
import { isSecretName, MASK, maskText, maskUserInfo, maskWord } from './mask-text.ts';
import { isKnownOption, lastOptionIn } from './options.ts';
import { type ScriptArgument, scriptArguments } from './script-args.ts';

/** Longer than any kernel lets a command line be by much; what is longer, nobody can take apart. */
const MAX_LENGTH = 1 << 20;
const NUMBER = /^\d*$/;

/** nmap's command line without what is secret in it. What cannot be taken apart is masked whole. Linear in its length. */
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

/** The same for arguments that nobody has written into one line. Undefined: a part of the word before it. */
function maskWords(words: readonly string[]): readonly (string | undefined)[] {
  const masked: (string | undefined)[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    const { name, value } = lastOptionIn(word);
    const mask = maskOf(name, word);
    if (mask === undefined || (value === undefined && i + 1 === words.length)) masked.push(maskWord(word));
    else {
      const isApart = value === undefined;
      if (isApart) masked.push(word);
      const text = value ?? words[++i] ?? '';
      masked.push((isApart ? '' : word.slice(0, word.length - text.length)) + mask(text));
      for (const end = mask === maskScriptArguments ? endOfQuote(words, i, text) : i; i < end; i++) masked.push(undefined);
    }
  }
  return masked;
}

/** Lines that nmap's script engine writes of its arguments, and what else looks like a secret in a text of nmap's. */
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

/** How the values of nmap's options are masked that may hold a secret or a payload; any other word is looked at by itself. */
const MASKS: ReadonlyMap<string, Mask> = new Map<string, Mask>([
  ['script-args', maskScriptArguments],
  ['script-args-file', maskWord],
  ['proxies', maskProxies],
  ['proxy', maskProxies],
  // An expression of names, such as `http-auth,basic`, and no place for a secret.
  ['script', maskText],
  // What is sent to every host: a token of an exercise, a part of an exploit.
  ['data', () => MASK],
  ['data-string', () => MASK],
  ['ip-options', maskIpOptions],
  // FTP bounce: `user:password@server:port`.
  ['b', maskUserInfo],
]);

/** A name that is cut so short that several begin so is masked as the one that holds the secret. */
function maskOf(name: string, word: string): Mask | undefined {
  const mask = MASKS.get(name);
  if (mask !== undefined) return mask;
  const written = /^--?([\w-]{3,})(?==|$)/.exec(word)?.[1]?.replaceAll('_', '-') ?? '';
  if (written.startsWith('script-a')) return maskScriptArguments;
  if (written.startsWith('prox')) return maskProxies;
  return isSecretName(written) && !isKnownOption(written) ? () => MASK : undefined;
}

/** Where a value ends that begins in the word at `i`: with a quote that has no end, in the word that ends it. Old nmap wrote words as they were. */
function endOfQuote(words: readonly string[], i: number, value: string): number {
  const quote = openQuote(value);
  if (quote === undefined) return i;
  let end = i + 1;
  while (words[end]?.includes(quote) === false) end++;
  return end === words.length ? i : end;
}

/** A single quote that is open at the end. Double ones, nmap has always escaped or closed. */
function openQuote(value: string): string | undefined {
  return scriptArguments(value) === undefined && value.split("'").length % 2 === 0 ? "'" : undefined;
}

function maskScriptArguments(text: string): string {
  const values = scriptArguments(text);
  if (values === undefined) return MASK;
  let masked = '';
  let taken = 0;
  // A table is told after what is in it, and counts before it.
  for (const { start, end } of secretsIn(text, values).toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (start < taken) continue;
    masked += maskWord(text.slice(taken, start)) + (start === end ? '' : MASK);
    taken = end;
  }
  return masked + maskWord(text.slice(taken));
}

/** A comma behind a backslash ends a value all the same; whoever wrote that meant the rest to be a part of it. */
function secretsIn(text: string, values: readonly ScriptArgument[]): readonly Pick<Word, 'start' | 'end'>[] {
  let goesOn = false;
  return values.filter(({ names, isNamed, start, end }) => {
    const isSecret = names.some(isSecretName) || (goesOn && !isNamed);
    goesOn = isSecret && text.slice(start, end).endsWith('\\');
    return isSecret;
  });
}

/** `S 192.0.2.1`, `R`: the way of a packet says how a scan was made; bytes (`\\x01\\x07`, `0x0107`) may say anything. */
function maskIpOptions(text: string): string {
  return /^(?:[RTU]|[LS](?: +[\d.]+)+)$/.test(text) ? text : MASK;
}

/** `http://user:password@proxy:8080,socks4://proxy`. One that is none is masked with all the others: it may be a part of them. */
function maskProxies(text: string): string {
  const proxies = text.split(',').map((proxy) => {
    const [, scheme, userInfo, port] = PROXY.exec(proxy) ?? [];
    if (scheme === undefined || !NUMBER.test(port ?? '')) return undefined;
    return userInfo === undefined ? proxy : `${scheme}${MASK}${proxy.slice(scheme.length + userInfo.length)}`;
  });
  return proxies.includes(undefined) ? MASK : proxies.join(',');
}

const PROXY = /^([a-z][a-z0-9+.-]*:\/\/)(?:(.*)(?=@))?@?(?:\[[^\]@]*\]|[^:@[\]/]*)(?::([^/@]*))?\/?$/i;
