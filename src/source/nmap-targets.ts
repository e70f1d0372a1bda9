import { readBounded } from '../core/read-text.ts';
import { statOf } from '../core/stat-of.ts';
import type { TargetLists } from '../nmap/target-lists.ts';
import { nmapWords } from '../nmap/options.ts';

/** Longer lists are not stored with each scan; the targets count as unknown then. */
const MAX_LENGTH = 64 << 10;

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

/** `-` is nmap's standard input, which is left to nmap, as is a pipe: what is read here is gone from it. */
function wordsIn(path: string): readonly string[] {
  if (path === '-' || statOf(path)?.isFile() !== true) throw new Error('no file');
  const text = readBounded(path, MOST_BYTES).toString('utf8').replaceAll(/#.*$/gm, '');
  return text.split(/\s+/).filter((word) => word !== '');
}
