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

/** A link on the way to a directory that belongs to another user, who could redirect what root writes. Undefined for any user but root. */
export function linkOfStranger(directory: string): string | undefined {
  if (self()?.uid !== 0) return undefined;
  return wayTo(resolve(directory)).find(({ at, isLink }) => isLink && (lstatSync(at, { throwIfNoEntry: false })?.uid ?? 0) !== 0)?.at;
}

/**
 * Why an existing file could be a trap, as an error code; undefined when nobody else may create files in its directory. Whatever is written to
 * a file of another user can be read by that user, and a file with a second hard link is another file, too. The kernel refuses the former for
 * the same owners and directories, if `fs.protected_regular` is set.
 */
export function riskOfFile(path: string, { uid, nlink }: Pick<Stats, 'uid' | 'nlink'>): 'ESTRANGER' | 'EMLINK' | undefined {
  const directory = dirname(path);
  if (!isWritableByOthers(directory)) return undefined;
  if (nlink > 1) return 'EMLINK';
  const { uid: owner, mode } = statSync(directory);
  const isForAnybody = (mode & WRITABLE_BY_ALL) !== 0 || ((mode & STICKY) !== 0 && (mode & WRITABLE_BY_OTHERS) !== 0);
  return isForAnybody && ![0, self()?.uid, owner].includes(uid) ? 'ESTRANGER' : undefined;
}

/** The same for a path, its link target and the directories on the way, without opening anything. */
export function riskOfPath(path: string): 'ELOOP' | 'ESTRANGER' | 'EMLINK' | undefined {
  if (linkOfStranger(dirname(path)) !== undefined) return 'ELOOP';
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined || !isWritableByOthers(dirname(path))) return undefined;
  if (stats.isSymbolicLink()) return 'ELOOP';
  return stats.isFile() ? riskOfFile(path, stats) : undefined;
}
