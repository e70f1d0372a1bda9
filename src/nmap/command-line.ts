/** A word of a command line: its position, and its text without quotes. */
export interface Word {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The words of a command line, and the index from which it cannot be parsed, if any. */
interface CommandLine {
  readonly words: readonly Word[];
  readonly unreadableFrom: number | undefined;
}

const SPACE = /\s/;

/**
 * Parses `nmaprun/@args`. nmap puts a backslash before each `"` and `\` of a word, and quotes around one that has white space
 * in it (`quote` in its output.cc); nothing else is special. A quote in the middle of a word, behind `=`, is how other
 * programs write it. Linear in its length.
 */
export function commandLine(args: string): CommandLine {
  const words: Word[] = [];
  let at = 0;
  for (;;) {
    while (at < args.length && SPACE.test(args[at] as string)) at++;
    if (at === args.length) return { words, unreadableFrom: undefined };
    const word = wordAt(args, at);
    if (word === undefined) return { words, unreadableFrom: at };
    words.push(word);
    at = word.end;
  }
}

/** The words alone; text that cannot be parsed is the last of them. */
export function wordsOf(args: string): readonly string[] {
  const { words, unreadableFrom } = commandLine(args);
  const texts = words.map(({ text }) => text);
  return unreadableFrom === undefined ? texts : [...texts, args.slice(unreadableFrom)];
}

/** A word as nmap writes it. */
export function quoted(word: string): string {
  const escaped = word.replaceAll(/["\\]/g, '\\$&');
  return SPACE.test(word) ? `"${escaped}"` : escaped;
}

/** Undefined when a quote is misplaced or not closed, so that the words after it cannot be separated. */
function wordAt(args: string, start: number): Word | undefined {
  let text = '';
  let isQuoted = false;
  let at = start;
  /** `text` holds the word up to here. */
  let taken = start;
  for (; at < args.length; at++) {
    const character = args[at] as string;
    if (character === '\\' && /["\\]/.test(args[at + 1] ?? '')) {
      text += args.slice(taken, at);
      taken = ++at;
    } else if (character === '"') {
      const isPlace = isQuoted ? SPACE.test(args[at + 1] ?? ' ') : at === start || args[at - 1] === '=';
      if (!isPlace) return undefined;
      text += args.slice(taken, at);
      taken = at + 1;
      isQuoted = !isQuoted;
    } else if (!isQuoted && SPACE.test(character)) break;
  }
  return isQuoted ? undefined : { start, end: at, text: text + args.slice(taken, at) };
}
