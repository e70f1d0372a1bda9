const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of its path is not a directory',
  EISDIR: 'it is a directory',
  EACCES: 'permission is denied',
  EPERM: 'it is not permitted',
  ELOOP: 'it is a symbolic link that leads nowhere',
  ENAMETOOLONG: 'its name is too long',
  EMFILE: 'too many files are open',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  ENXIO: 'it is a pipe that nobody reads, or a socket',
  EPIPE: 'who read it has gone away',
  E2BIG: 'its arguments are too long',
  ETXTBSY: 'somebody is writing it',
  ENOEXEC: 'it is not a program for this machine',
  EIO: 'the disk reports an error',
  ERR_INVALID_ARG_VALUE: 'its name cannot be that of a file',
};

const OF_DIRECTORIES: Readonly<Record<string, string>> = { ENOENT: 'there is no such directory', ENOTDIR: 'it is not a directory' };

/** Why a file could not be used, in words. */
export function reasonOf(error: unknown, what: 'file' | 'directory' = 'file'): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return (what === 'directory' ? OF_DIRECTORIES[code] : undefined) ?? REASONS[code] ?? withoutCode(message);
}

/** `EAGAIN: resource temporarily unavailable, read '/a'` without the code and the system call. */
function withoutCode(message: string): string {
  return /^E[A-Z0-9]+: ([^,]+)(?:,|$)/.exec(message)?.[1] ?? message;
}
