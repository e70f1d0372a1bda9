import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { PortlogError } from '../core/errors.ts';
import { makeDirectories } from '../core/make-directories.ts';

/** There may be a file, but without the right to look, or from a disk with errors, nobody can say. */
export const UNSEEN = 'unseen';

/** Identifies the file at a path, on whatever file system; undefined when there is none. */
export function inodeOf(path: string): string | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats === undefined ? undefined : `${stats.dev} ${stats.ino}`;
  } catch {
    return UNSEEN;
  }
}

/** Makes the directory of a state file; throws why it cannot. */
export function makeStateDirectory(path: string): void {
  try {
    makeDirectories(path, 0o700);
  } catch (error) {
    // With `recursive`, Node reports ENOENT for a read-only file system, so the nearest existing directory is checked.
    let existing = path;
    while (!existsSync(existing)) existing = dirname(existing);
    accessSync(existing, constants.W_OK);
    throw error;
  }
}

/** The error when somebody has removed or replaced the state file while portlog worked with it. */
export function lostState(path: string): PortlogError {
  return new PortlogError('state-unusable', `${path} was removed or replaced while portlog worked with it: what it has written there since is lost`, {
    hint: 'stop portlog before you move its state; ship again what has come meanwhile, targets that recognise events store nothing twice',
  });
}
