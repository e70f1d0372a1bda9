import { accessSync, closeSync, constants, openSync, statfsSync } from 'node:fs';
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
  EFBIG: ['cannot grow: the limit on the size of files is reached', `raise the limit, or ${ELSEWHERE}`],
  EROFS: ['cannot be written: the file system is read-only', ELSEWHERE],
  EACCES: ['cannot be opened: permission is denied', `give this user access, or ${ELSEWHERE}`],
  EPERM: ['cannot be opened: it is not permitted', `give this user access, or ${ELSEWHERE}`],
  ENOTDIR: ['cannot be created: a part of its path is not a directory', ELSEWHERE],
  // SQLite can store numbers that JavaScript cannot hold; portlog writes none.
  ERR_OUT_OF_RANGE: ['is damaged', DAMAGED_HINT],
  EMFILE: ['cannot be opened: too many files are open', 'raise the limit for this process (ulimit -n)'],
  ENFILE: ['cannot be opened: too many files are open on this machine', 'see which program has them'],
  EEXIST: ['cannot be created: a part of its path is not a directory', ELSEWHERE],
};

const IOERR = 10;
const FULL = 13;
const CANTOPEN = 14;
/** The file, its log, the index of that, and the directory. */
const FILES = 5;

/**
 * Whether the disk is full, of bytes or of files: SQLite reports an I/O error when there is no room for its shared memory
 * (SQLITE_IOERR_SHMSIZE), and that it cannot open what it cannot create.
 */
function isFull(path: string): boolean {
  try {
    const { bavail, files, ffree } = statfsSync(dirname(path));
    return bavail === 0 || (files > 0 && ffree === 0);
  } catch {
    return false;
  }
}

/** Why SQLite could not open a file, which it does not say: a code of the system; undefined when another try finds nothing. */
function whyNotOpened(path: string): string | undefined {
  const open: number[] = [];
  try {
    accessSync(dirname(path), constants.W_OK);
    for (let i = 0; i < FILES; i++) open.push(openSync(path, 'r'));
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  } finally {
    for (const file of open) closeSync(file);
  }
}

/** What went wrong with the state file, as a sentence; a PortlogError passes as it is. */
export function stateError(path: string, error: unknown): unknown {
  if (error instanceof PortlogError) return error;
  const { code, errcode, message } = error as NodeJS.ErrnoException & { readonly errcode?: number };
  const given = errcode === undefined ? undefined : errcode & 0xff;
  const result = (given === IOERR || given === CANTOPEN) && isFull(path) ? FULL : given;
  const why = result === CANTOPEN ? whyNotOpened(path) : code;
  const known = BY_ERRNO[result === undefined || result === CANTOPEN ? (why ?? '') : ''] ?? BY_RESULT[result ?? 0];
  if (known === undefined && errcode === undefined && code === undefined) return error;
  const [what, hint] = known ?? [`cannot be used: ${errcode === undefined ? reasonOf(error, 'directory') : message}`, ELSEWHERE];
  // SQLite's own code says less.
  const cause = result === given ? error : Object.assign(new Error(message, { cause: error }), { errcode: result });
  return new PortlogError('state-unusable', `${path} ${what}`, { hint, cause });
}

/** Whether the disk is full or reports errors, so that the problem passes when it is looked after. */
export function isOutOfRoom({ code, cause }: PortlogError): boolean {
  if (code !== 'state-unusable' || !(cause instanceof Error)) return false;
  const { code: reason = '', errcode = 0 } = cause as NodeJS.ErrnoException & { readonly errcode?: number };
  return ['ENOSPC', 'EDQUOT'].includes(reason) || [IOERR, FULL].includes(errcode & 0xff);
}
