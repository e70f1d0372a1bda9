import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * As `mkdir -p`: makes what is missing of a path. Not `mkdir` with `recursive`, which never ends where a file system
 * says that a directory is missing that nobody can make (Node 24: `/proc/nope/x`), and says ENOENT for read-only.
 */
export function makeDirectories(path: string, mode: number): void {
  if (isDirectory(path)) return;
  makeDirectories(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // A directory: another process was faster.
    if (!isDirectory(path)) throw Object.assign(new Error(`${path} is no directory`, { cause: error }), { code: 'ENOTDIR', syscall: 'mkdir', path });
  }
}

function isDirectory(path: string): boolean {
  return dirname(path) === path || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
