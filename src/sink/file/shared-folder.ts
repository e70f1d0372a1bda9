import { lstatSync, type Stats, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { self } from '../../core/environment.ts';
import { wayTo } from '../../core/way-to.ts';

const WRITABLE_BY_OTHERS = 0o022;
const WRITABLE_BY_ALL = 0o002;
const STICKY = 0o1000;

/** Whether other users can create links in that directory. */
export function isWritableByOthers(directory: string): boolean {
  const { uid, mode } = statSync(directory);
  return (mode & WRITABLE_BY_OTHERS) !== 0 || (uid !== 0 && uid !== self()?.uid);
}

/** The link on the way to a directory that another user has made: as root, we write where it leads to them. Undefined for any other user. */
export function linkOfStranger(directory: string): string | undefined {
  if (self()?.uid !== 0) return undefined;
  return wayTo(resolve(directory)).find(({ at, isLink }) => isLink && (lstatSync(at, { throwIfNoEntry: false })?.uid ?? 0) !== 0)?.at;
}

/**
 * Why a file that is there could be a trap, as the code of an error; undefined when it could not, because nobody else may make files there. A file of a
 * stranger shows them what is written to it, and one with a second name is another file, too. The kernel refuses the first, when it
 * is set to (`fs.protected_regular`), for the same owners in the same directories.
 */
export function trapAt(path: string, { uid, nlink }: Pick<Stats, 'uid' | 'nlink'>): 'ESTRANGER' | 'EMLINK' | undefined {
  const directory = dirname(path);
  if (!isWritableByOthers(directory)) return undefined;
  if (nlink > 1) return 'EMLINK';
  const { uid: owner, mode } = statSync(directory);
  const isForAnybody = (mode & WRITABLE_BY_ALL) !== 0 || ((mode & STICKY) !== 0 && (mode & WRITABLE_BY_OTHERS) !== 0);
  return isForAnybody && ![0, self()?.uid, owner].includes(uid) ? 'ESTRANGER' : undefined;
}

/** The same of what a name stands for now, when it is a file or a link, and of the way there; nothing is opened. */
export function trapOf(path: string): 'ELOOP' | 'ESTRANGER' | 'EMLINK' | undefined {
  if (linkOfStranger(dirname(path)) !== undefined) return 'ELOOP';
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined || !isWritableByOthers(dirname(path))) return undefined;
  if (stats.isSymbolicLink()) return 'ELOOP';
  return stats.isFile() ? trapAt(path, stats) : undefined;
}
