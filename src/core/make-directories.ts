import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * `mkdir -p`. Node's own `recursive` never ends where the file system reports a missing directory that cannot be made (Node
 * 24: `/proc/nope/x`), and reports ENOENT for a read-only file system.
 */
export function makeDirectories(path: string, mode: number): void {
  if (isDirectory(path)) return;
  makeDirectories(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // Another process made it meanwhile.
    if (!isDirectory(path))
      throw Object.assign(new Error(`${path} is not a directory`, { cause: error }), { code: 'ENOTDIR', syscall: 'mkdir', path });
  }
}

function isDirectory(path: string): boolean {
  return dirname(path) === path || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
