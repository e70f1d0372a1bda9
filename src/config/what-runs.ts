import { accessSync, constants } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { interpreterOf } from '../core/interpreter.ts';
import { statOf } from '../core/stat-of.ts';

/** Where words of a command are looked up. */
export interface Lookup {
  /** For names without a slash, in order. */
  readonly path: readonly string[];
  /** For relative paths. */
  readonly folder: string;
}

/** Interpreters may be scripts themselves; Linux follows four. */
const MOST_INTERPRETERS = 4;
/** What stands around paths within a word: `--dir=/x`, `-I/x`, `sh -c '. /x; y'`. */
const AROUND = /[\s'"`;|&<>(){}[\]$*?,:=\\]+/;

/**
 * Every file and folder that decides what is run when a command is: the program, the interpreters that first lines name, folders of the path
 * where another could be put before it, and whatever else its words name. Some of them need not be there.
 */
export function whatRuns(command: readonly string[], lookup: Lookup): readonly string[] {
  const [program = '', ...words] = command;
  const all = [...programs(program, lookup), ...named(words, lookup)];
  return [...new Set([...all, ...all.flatMap((file) => interpreters(file, lookup))])];
}

/** What a name leads to: a path as it stands; else the folders as far as the one that has it, and what is there. */
function programs(name: string, { path, folder }: Lookup): readonly string[] {
  if (name.includes('/')) return [resolve(folder, name)];
  const folders = path.map((one) => resolve(folder, one));
  const at = folders.findIndex((one) => isExecutable(join(one, name)));
  return name === '' || at === -1 ? [] : [...folders.slice(0, at), join(folders[at] as string, name)].filter(isThere);
}

function named(words: readonly string[], lookup: Lookup): readonly string[] {
  const parts = words.flatMap((word) => word.split(AROUND)).filter((part) => part !== '');
  const paths = parts.flatMap((part) => (part.includes('/') ? [resolve(lookup.folder, part), part.slice(part.indexOf('/'))] : []));
  // Programs that others start, as `env` does, and files in a folder that they go to before.
  const started = parts.filter((part) => !part.includes('/')).flatMap((part) => programs(part, lookup));
  const folders = paths.filter((one) => isAbsolute(one) && statOf(one)?.isDirectory() === true && one !== '/');
  return [...paths, ...started, ...folders.flatMap((one) => parts.map((part) => join(one, part)).filter((file) => statOf(file)?.isFile() === true))];
}

/** That the first line of a script names, and those of these. */
function interpreters(file: string, lookup: Lookup, depth = 0): readonly string[] {
  const [program, ...words] = depth < MOST_INTERPRETERS ? interpreterOf(file) : [];
  if (program === undefined) return [];
  const found = [...programs(program, lookup), ...named(words, lookup)];
  return [...found, ...found.flatMap((one) => interpreters(one, lookup, depth + 1))];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statOf(path)?.isFile() === true;
  } catch {
    return false;
  }
}

function isThere(path: string): boolean {
  return statOf(path) !== undefined;
}
