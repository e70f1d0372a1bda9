import { wordsOf } from '../nmap/command-line.ts';
import { type NmapOption, nmapWords } from '../nmap/options.ts';

/** Longer arguments are not parsed; the scripts are unknown then. */
const MAX_LENGTH = 64 << 10;
/** Cache size: a site has few different arguments, and each finding of each host asks. */
const KEPT = 64;

/** The scripts that nmap's arguments ask for. */
interface AskedScripts {
  /** `-sC`, `-A`. */
  readonly byDefault: boolean;
  /** Names, categories and patterns of `--script`. */
  readonly words: readonly string[];
  /** `-sV`, `-A`: version detection. */
  readonly asksServices: boolean;
  /** Seconds after which nmap stops a script without saying so. */
  readonly stopsAfter: number;
}

/** Script time limit of `-T5`: https://nmap.org/book/performance-timing-templates.html */
const INSANE_SECONDS = 600;
const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

const kept = new Map<string, AskedScripts>();

/**
 * Parses `--script` and related options. Expressions with `and` or `not` are not evaluated: the scripts are unknown then.
 * https://nmap.org/book/nse-usage.html#nse-args
 */
export function askedScripts(args: string): AskedScripts {
  if (args.length > MAX_LENGTH) return { byDefault: false, words: [], asksServices: false, stopsAfter: 0 };
  const before = kept.get(args);
  if (before !== undefined) return before;
  const { options } = nmapWords(wordsOf(args).slice(1));
  const scans = (letter: string): boolean => options.some(({ name, value = '' }) => name === 'A' || (name === 's' && value.includes(letter)));
  const asked = { byDefault: scans('C'), words: scriptsIn(options), asksServices: scans('V'), stopsAfter: stopsAfter(options) };
  if (kept.size >= KEPT) kept.clear();
  kept.set(args, asked);
  return asked;
}

function scriptsIn(options: readonly NmapOption[]): readonly string[] {
  const expressions = options.flatMap(({ name, value = '' }) => (name === 'script' ? [value] : []));
  const plain = expressions.filter((text) => !/\b(?:and|not)\b/.test(text));
  return [...new Set(plain.flatMap((text) => text.split(/,|\bor\b/).map(nameOf)))];
}

function stopsAfter(options: readonly NmapOption[]): number {
  const [, number, unit = 's'] = /^([\d.]+)(ms|s|m|h)?$/.exec(options.findLast(({ name }) => name === 'script-timeout')?.value ?? '') ?? [];
  if (number !== undefined) return Number(number) * (SECONDS[unit] ?? 1) || Number.POSITIVE_INFINITY;
  const isInsane = options.some(({ name, value = '' }) => (name === 'T' || name === 'timing') && /^(?:5|insane)$/i.test(value));
  return isInsane ? INSANE_SECONDS : Number.POSITIVE_INFINITY;
}

/** `+/usr/share/nmap/scripts/ssl-cert.nse` is `ssl-cert`. */
function nameOf(word: string): string {
  const path = word.trim().replace(/^\+/, '');
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.nse$/, '');
}
