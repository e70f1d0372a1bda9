import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PortlogError } from '../../core/errors.ts';
import { makeDirectories } from '../../core/make-directories.ts';
import { reasonOf } from '../../core/reason.ts';
import { linkOfStranger } from '../../sink/file/shared-folder.ts';
import type { Log } from './log.ts';
import { counted } from '../../event/text.ts';
import { writeWhole } from './write-whole.ts';

/**
 * Writes files, by path within a directory, and reports other files beside them, which an earlier export may have left: the README says to
 * copy whole folders, and the rule of a removed site would alert for ever. Throws `setup-refused` when files cannot be written.
 */
export async function exportFiles(log: Log, directory: string, files: ReadonlyMap<string, string>): Promise<void> {
  try {
    const link = linkOfStranger(directory);
    if (link !== undefined) throw new Error(`${link} is a link that belongs to somebody else`);
    for (const [path, content] of files) {
      const file = join(directory, path);
      makeDirectories(dirname(file), 0o755);
      await writeWhole(file, [content], 0o644);
    }
  } catch (cause) {
    throw new PortlogError('setup-refused', `the files cannot be written to ${directory}: ${reasonOf(cause)}`, {
      hint: 'name another directory with --export',
      cause,
    });
  }
  log.info(`${counted(files.size, 'file')} in ${directory}${files.has('README.md') ? '; README.md says where they go' : ''}`);
  const [first, ...more] = leftIn(directory, files);
  if (first === undefined) return;
  log.warn(
    `${first}${more.length === 0 ? ' is' : ` and ${counted(more.length, 'file')} more are`} not of this export: delete what an earlier one has left`,
  );
}

/** Other files in the subfolders that were written to; files in the directory itself are ignored. */
function leftIn(directory: string, files: ReadonlyMap<string, string>): readonly string[] {
  const folders = new Set([...files.keys()].map((path) => dirname(path)).filter((folder) => folder !== '.'));
  return [...folders].flatMap((folder) => {
    const there = readdirSync(join(directory, folder), { withFileTypes: true }).filter((one) => one.isFile());
    return there
      .map(({ name }) => join(folder, name))
      .filter((path) => !files.has(path))
      .map((path) => join(directory, path));
  });
}
