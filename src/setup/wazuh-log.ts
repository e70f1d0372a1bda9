import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDirectories } from '../core/make-directories.ts';
import { notice, type Step } from './step.ts';

/**
 * The file that an agent on this machine reads must be there before the agent starts: one that comes later is opened up to a
 * minute after, at its end.
 */
export function planLogFile(path: string): Step {
  if (existsSync(path)) return notice('unchanged', `file ${path}, which the agent reads`);
  return {
    what: `file ${path}, empty, which must be there before the agent starts`,
    action: 'create',
    request: undefined,
    async apply() {
      makeDirectories(dirname(path), 0o777);
      await (await open(path, 'a', 0o644)).close();
    },
  };
}
