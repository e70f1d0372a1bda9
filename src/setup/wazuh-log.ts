import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDirectories } from '../core/make-directories.ts';
import { isWritableByOthers } from '../sink/file/shared-folder.ts';
import { notice, type Step } from './step.ts';

/**
 * Creates the log file that an agent on this machine reads. It must exist before the agent starts: a file that comes later is opened up to a
 * minute after, at its end.
 */
export function planLogFile(path: string): Step {
  if (existsSync(path)) return notice('unchanged', `file ${path}, which the agent reads`);
  return {
    what: `file ${path}, empty, which must be there before the agent starts`,
    action: 'create',
    request: undefined,
    async apply() {
      makeDirectories(dirname(path), 0o755);
      // `wx`: a dangling link could belong to somebody else.
      await (await open(path, isWritableByOthers(dirname(path)) ? 'wx' : 'a', 0o644)).close();
    },
  };
}
