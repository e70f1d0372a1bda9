import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { PortlogError } from '../core/errors.ts';
import { reasonOf } from '../core/reason.ts';

export const DAMAGED_HINT =
  'move it away to start with an empty one, or restore it from a backup; scans that still exist can be shipped again, and targets that recognise events store nothing twice';
const ELSEWHERE = 'name another directory with --state-dir';

/** SQLite's primary result codes: https://www.sqlite.org/rescode.html */
const BY_RESULT: Readonly<Record<number, readonly [what: string, hint: string]>> = {
  5: ['is locked by another process', 'see what it is; then run this again'],
  8: ['cannot be written: it is read-only', `make it writable, or ${ELSEWHERE}`],
  10: ['cannot be read or written: the disk reports an error', 'check the disk, and whether files may be that large here (ulimit -f)'],
  11: ['is damaged', DAMAGED_HINT],
  13: ['cannot grow: the disk is full', `make room, or ${ELSEWHERE}`],
  14: ['cannot be opened', `check the permissions of the directory, or ${ELSEWHERE}`],
  26: ['is damaged, or not a database', DAMAGED_HINT],
};
const BY_ERRNO: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOSPC: ['cannot be written: the disk is full', `make room, or ${ELSEWHERE}`],
  EDQUOT: ['cannot be written: the quota is used up', `make room, or ${ELSEWHERE}`],
  EFBIG: ['cannot grow: files may not be that large here', `raise the limit, or ${ELSEWHERE}`],
  EROFS: ['cannot be written: the file system is read-only', ELSEWHERE],
  EACCES: ['cannot be opened: permission is denied', `give this user access, or ${ELSEWHERE}`],
  EPERM: ['cannot be opened: it is not permitted', `give this user access, or ${ELSEWHERE}`],
  ENOTDIR: ['cannot be created: a part of its path is not a directory', ELSEWHERE],
  // SQLite can store numbers that JavaScript cannot hold; portlog writes none.
  ERR_OUT_OF_RANGE: ['is damaged', DAMAGED_HINT],
  EEXIST: ['cannot be created: a part of its path is not a directory', ELSEWHERE],
};

const IOERR = 10;
const FULL = 13;

/** Whether the disk is full: SQLite reports an I/O error when there is no room for its shared memory (SQLITE_IOERR_SHMSIZE). */
function isFull(path: string): boolean {
  try {
    return statfsSync(dirname(path)).bavail === 0;
  } catch {
    return false;
  }
}

/** What went wrong with the state file, as a sentence; a PortlogError passes as it is. */
export function stateError(path: string, error: unknown): unknown {
  if (error instanceof PortlogError) return error;
  const { code, errcode, message } = error as NodeJS.ErrnoException & { readonly errcode?: number };
  const result = errcode === undefined ? undefined : errcode & 0xff;
  const known = result === undefined ? BY_ERRNO[code ?? ''] : BY_RESULT[result === IOERR && isFull(path) ? FULL : result];
  if (known === undefined && errcode === undefined && code === undefined) return error;
  const [what, hint] = known ?? [`cannot be used: ${errcode === undefined ? reasonOf(error, 'directory') : message}`, ELSEWHERE];
  return new PortlogError('state-unusable', `${path} ${what}`, { hint, cause: error });
}

/** Whether the disk is full or reports errors, so that the problem passes when it is looked after. */
export function isOutOfRoom({ code, cause }: PortlogError): boolean {
  if (code !== 'state-unusable' || !(cause instanceof Error)) return false;
  const { code: reason = '', errcode = 0 } = cause as NodeJS.ErrnoException & { readonly errcode?: number };
  return ['ENOSPC', 'EDQUOT'].includes(reason) || [IOERR, FULL].includes(errcode & 0xff);
}
