/** Longer arguments are not looked into: then nobody can say what was asked for. */
const MAX_LENGTH = 64 << 10;
/** The runs of a site have few different arguments, and are asked about each finding of each host. */
const KEPT = 64;

/** The scripts that nmap's arguments ask for. */
interface AskedScripts {
  /** `-sC`, `-A`. */
  readonly byDefault: boolean;
  /** Names, categories and patterns of `--script`. */
  readonly words: readonly string[];
}

const kept = new Map<string, AskedScripts>();

/**
 * Reads `--script`. An expression with `and` or `not` is not taken apart: then nobody can say.
 * https://nmap.org/book/nse-usage.html#nse-args
 */
export function askedScripts(args: string): AskedScripts {
  if (args.length > MAX_LENGTH) return { byDefault: false, words: [] };
  const before = kept.get(args);
  if (before !== undefined) return before;
  const asked = { byDefault: /(?:^|\s)(?:-sC|-A)(?:\s|$)/.test(args), words: wordsOf(args) };
  if (kept.size >= KEPT) kept.clear();
  kept.set(args, asked);
  return asked;
}

function wordsOf(args: string): readonly string[] {
  const expressions = [...args.matchAll(/(?:^|\s)--script(?:=|\s+)("[^"]*"|\S+)/g)].map(([, text = '']) => text.replaceAll('"', ''));
  const plain = expressions.filter((text) => !/\b(?:and|not)\b/.test(text));
  return [...new Set(plain.flatMap((text) => text.split(/,|\bor\b/).map(nameOf)))];
}

/** `+/usr/share/nmap/scripts/ssl-cert.nse` is `ssl-cert`. */
function nameOf(word: string): string {
  const path = word.trim().replace(/^\+/, '');
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.nse$/, '');
}
