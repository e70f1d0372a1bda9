import { readBounded } from '../core/read-text.ts';
import { isFile, statOf } from '../core/stat-of.ts';
import type { TargetLists } from '../nmap/target-lists.ts';
import { nmapWords } from '../nmap/options.ts';

/** Longer lists are not stored with each scan; the targets count as unknown then. */
const MAX_LENGTH = 64 << 10;

/** By nmap's long names, or letters: what names a list of targets, or of what is none. */
const LISTS: ReadonlySet<string> = new Set(['iL', 'i', 'excludefile']);

/** With comments, which are not stored. */
const MOST_BYTES = 16 << 20;

/**
 * Reads `-iL` and `--excludefile` as nmap does: words separated by white space, comments behind `#`
 * (https://nmap.org/book/man-target-specification.html). Undefined when there are none, or when they
 * cannot be read here: nmap will say what is wrong with them.
 */
export function targetLists(nmapArgs: readonly string[]): TargetLists | undefined {
  const { options } = nmapWords(nmapArgs);
  const filesOf = (...names: readonly string[]): readonly string[] =>
    options.flatMap(({ name, value }) => (names.includes(name) && value !== undefined ? [value] : []));
  const targets = filesOf('iL', 'i');
  const excluded = filesOf('excludefile');
  if (targets.length + excluded.length === 0) return undefined;
  try {
    const lists = { targets: targets.flatMap(wordsIn), excluded: excluded.flatMap(wordsIn) };
    return JSON.stringify(lists).length > MAX_LENGTH ? undefined : lists;
  } catch {
    return undefined;
  }
}

/** Options with which nmap needs no target: it says something about itself, takes up an earlier scan, or its scripts find targets. */
const WITHOUT: ReadonlySet<string> = new Set(['iL', 'i', 'iR', 'resume', 'iflist', 'script-updatedb', 'script-help', 'version', 'V', 'help', 'h']);

/** Why nmap would look at nothing, or wait; undefined when there is no such reason. */
export function targetProblem(nmapArgs: readonly string[]): string | undefined {
  const { options, targets } = nmapWords(nmapArgs);
  const isFound = options.some(({ name, value }) => WITHOUT.has(name) || (name.startsWith('script') && value?.includes('targets') === true));
  if (targets.length === 0 && !isFound) return 'the arguments of nmap name no target, so it would look at nothing';
  for (const { name, value } of options) {
    if (value === undefined || value === '-' || !LISTS.has(name)) continue;
    const stats = statOf(value);
    if (stats === undefined) return `nmap is to read ${value}, which is not there`;
    if (stats.isFIFO()) return `nmap is to read ${value}, which is a pipe: it waits for a writer`;
  }
  return undefined;
}

/** `-` is nmap's standard input, which is left to nmap, as is a pipe: what is read here is gone from it. */
function wordsIn(path: string): readonly string[] {
  if (path === '-' || !isFile(path)) throw new Error('no file');
  const text = readBounded(path, MOST_BYTES).toString('utf8').replaceAll(/#.*$/gm, '');
  return text.split(/\s+/).filter((word) => word !== '');
}
