import { accessSync, constants } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { interpreterOf } from '../core/interpreter.ts';
import { isFile, isFolder, isThere } from '../core/stat-of.ts';
import { type Starter, starterOf } from './starters.ts';

/** How the words of a command are looked up. */
export interface Lookup {
  /** Directories for names without a slash, in order. */
  readonly path: readonly string[];
  /** Directory for relative paths. */
  readonly folder: string;
}

/** Most programs in a row that start each other; of interpreters that are scripts, Linux follows four. */
const MOST_STARTED = 8;
/** Characters around paths within a word: `--dir=/x`, `-I/x`, `open('/x')`. */
const AROUND = /[\s'"`;|&<>(){}[\]$*?,:=\\]+/;
/** Between the commands of a shell, and the words that it reads before one. */
const BETWEEN = /[;|&\n(){}`]+/;
const KEYWORD = /^(?:if|then|else|elif|do|while|until|!|fi|done)$/;
/** Parameters of a shell's program text that refer to the words after it. */
const POSITIONAL = /\$\{?[@*\d]/;

/**
 * Every file and folder that decides what is run when a command is: the program; folders of the path where another could be put before it;
 * interpreters that first lines name; and, of programs that run what their words name (`env`, `sh`, `python3`), what these name. The words of other
 * programs, and those behind a script, are data. Some of them need not be there.
 */
export function whatRuns(command: readonly string[], lookup: Lookup): readonly string[] {
  return [...new Set(started(command, lookup, MOST_STARTED))];
}

function started([program = '', ...words]: readonly string[], lookup: Lookup, depth: number): readonly string[] {
  const places = programs(program, lookup);
  const file = places.at(-1);
  const starter = starterOf(basename(program));
  if (depth === 0 || (file === undefined && starter === undefined)) return places;
  // The same as the kernel does.
  const [interpreter, ...its] = file === undefined ? [] : interpreterOf(file);
  if (interpreter !== undefined && file !== undefined) return [...places, ...started([interpreter, ...its, file, ...words], lookup, depth - 1)];
  return starter === undefined ? places : [...places, ...startedBy(starter, words, lookup, depth - 1)];
}

/** The files for a name: a path as it is; else the directories up to the one that has it, and the program. */
function programs(name: string, { path, folder }: Lookup): readonly string[] {
  if (name.includes('/')) return [resolve(folder, name)];
  const folders = path.map((one) => resolve(folder, one));
  const at = folders.findIndex((one) => isExecutable(join(one, name)));
  return name === '' || at === -1 ? [] : [...folders.slice(0, at), join(folders[at] as string, name)].filter(isThere);
}

function startedBy(starter: Starter, words: readonly string[], lookup: Lookup, depth: number): readonly string[] {
  if (starter.kind === 'command') return behind(words, starter, lookup, depth);
  const at = firstWord(starter, words);
  const options = named(words.slice(0, at), lookup);
  const last = words[at - 1];
  if (last === undefined || starter.inline?.test(last) !== true) return [...options, ...script(words[at], lookup)];
  const text = words[at] ?? '';
  if (starter.kind !== 'shell') return [...options, ...named([text], lookup)];
  return [...options, ...inText(text, lookup, depth), ...(POSITIONAL.test(text) ? named(words.slice(at + 1), lookup) : [])];
}

/** The index of the first word that is neither an option nor its value; or of the word after an inline option. */
function firstWord({ valued = [], inline }: Starter, words: readonly string[]): number {
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (inline?.test(word) === true || word === '--') return at + 1;
    if (!/^[-+]./.test(word)) return at;
    if (valued.includes(word)) at++;
  }
  return words.length;
}

function script(word: string | undefined, { path, folder }: Lookup): readonly string[] {
  if (word === undefined) return [];
  const here = resolve(folder, word);
  // Shells look up plain names in the path as well.
  return word.includes('/') || isThere(here) ? [here] : programs(word, { path, folder });
}

/** The commands in the text of a shell; like those of `env`, they may begin with assignments. */
function inText(text: string, lookup: Lookup, depth: number): readonly string[] {
  return text.split(BETWEEN).flatMap((one) => {
    const words = one.split(/[\s'"]+/).filter((word) => word !== '' && !KEYWORD.test(word));
    return words.length === 0 ? [] : behind(words, { kind: 'command' }, lookup, depth);
  });
}

/** A program among the words, and what it runs. Words before it count when they change the lookup: options, assignments and directories. */
function behind(words: readonly string[], { inline }: Starter, lookup: Lookup, depth: number): readonly string[] {
  const textAt = words.findIndex((word) => inline?.test(word) === true);
  const at = programAt(words, lookup);
  if (textAt !== -1 && (at === -1 || textAt < at))
    return [...named(words.slice(0, textAt), lookup), ...inText(words.slice(textAt + 1).join(' '), lookup, depth)];
  if (at === -1) return named(words, lookup);
  const before = words.slice(0, at).filter((word) => /^-|=/.test(word) || isFolder(resolve(lookup.folder, word)));
  return [...named(before, lookup), ...started(words.slice(at), placesAfter(before, lookup), depth)];
}

/** The first word that can be run; else the first path, which could become that. */
function programAt(words: readonly string[], lookup: Lookup): number {
  const isOther = (word: string): boolean => /^-|=/.test(word);
  const runs = words.findIndex((word, at) => {
    if (isOther(word)) return false;
    if (starterOf(word) !== undefined) return true;
    const file = programs(word, placesAfter(words.slice(0, at), lookup)).at(-1);
    return file !== undefined && isExecutable(file);
  });
  return runs === -1 ? words.findIndex((word) => !isOther(word) && word.includes('/') && !isFolder(resolve(lookup.folder, word))) : runs;
}

/** Where what follows is looked up: behind `-C folder`, `--chdir=folder` and `PATH=folders`. */
function placesAfter(words: readonly string[], { path, folder }: Lookup): Lookup {
  const paths = words.flatMap((word) => (word.startsWith('PATH=') ? word.slice('PATH='.length).split(':') : [])).filter((one) => one.startsWith('/'));
  const folders = words.flatMap((word) => word.split(AROUND)).filter((one) => one.startsWith('/') && isFolder(one) && !paths.includes(one));
  return { path: [...paths, ...path, ...folders], folder: folders.at(-1) ?? folder };
}

/** Each path in a word. */
function named(words: readonly string[], { folder }: Lookup): readonly string[] {
  const parts = words.flatMap((word) => word.split(AROUND));
  return parts.flatMap((part) => (part.includes('/') ? [resolve(folder, part), part.slice(part.indexOf('/'))] : []));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return isFile(path);
  } catch {
    return false;
  }
}
