import { reasonOf } from '../../core/reason.ts';
import { SinkError } from '../sink.ts';

/** Does work on a file; its errors become {@link SinkError}s in words for people. */
export async function explained<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof SinkError ? error : failureOf(path, error as NodeJS.ErrnoException);
  }
}

/** An error as Node throws it, for a reason that portlog has found itself. */
export function fileError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}

const REASONS: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOSPC: ['the disk is full', 'make room'],
  EDQUOT: ['the quota is used up', 'make room'],
  EFBIG: ['the limit on the size of files is reached', 'let it rotate earlier (rotateMib)'],
  EISDIR: ['it is a directory', 'name a file in it'],
  EACCES: ['permission is denied', 'name another path, or give this user access'],
  EPERM: ['it is not permitted', 'name another path, or give this user access'],
  EROFS: ['the file system is read-only', 'name another path'],
  ELOOP: ['it is a link in a directory where others could have created it, or its path contains one', 'name the file that it leads to'],
  ESTRANGER: [
    'it belongs to somebody else, in a directory where everybody can create files, so they could read what is written',
    'name a file in a directory of your own, or delete that one',
  ],
  EMLINK: [
    'it has another name, too (a hard link), in a directory where others could have made it, so it may be another file',
    'name a file in a directory of your own, or delete that one',
  ],
  ENXIO: [
    'it is a pipe or a socket, and what goes into one is lost with its reader',
    'name a file, or let events go to standard output (--to stdout)',
  ],
  ENAMETOOLONG: ['its name is too long', 'name another path'],
  ENOENT: ['no directory can be made there', 'name another path'],
  ENOTDIR: ['a part of its path is not a directory', 'name another path'],
};
/** Errors that pass when space is freed. */
const TEMPORARY: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

function failureOf(path: string, error: NodeJS.ErrnoException): SinkError {
  const [what, hint] = REASONS[error.code ?? ''] ?? [reasonOf(error), undefined];
  return new SinkError(TEMPORARY.has(error.code ?? '') ? 'temporary' : 'permanent', `${path} cannot be written: ${what}`, { hint, cause: error });
}
