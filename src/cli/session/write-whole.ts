import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { isWritableByOthers } from '../../sink/file/open.ts';

/**
 * Writes a file atomically, or to a device or pipe (`/dev/stdout`). In a directory where others may create files, a link is
 * replaced, and another user's pipe is not written to.
 */
export async function writeWhole(path: string, pieces: Iterable<string>, mode = 0o600): Promise<void> {
  const isTrusted = !isWritableByOthers(dirname(path));
  const there = await (isTrusted ? stat(path) : lstat(path)).catch(() => undefined);
  if (there !== undefined && isStream(there) && (isTrusted || there.uid === userInfo().uid))
    return writeAndClose(await open(path, constants.O_WRONLY | (isTrusted ? 0 : constants.O_NOFOLLOW)), pieces);
  await writeAndRename(isTrusted ? await realpath(path).catch(() => path) : path, pieces, mode);
}

function isStream(stats: Stats): boolean {
  return stats.isFIFO() || stats.isCharacterDevice();
}

async function writeAndRename(path: string, pieces: Iterable<string>, mode: number): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeAndClose(await open(draft, 'wx', mode), pieces);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function writeAndClose(file: FileHandle, pieces: Iterable<string>): Promise<void> {
  try {
    for (const piece of pieces) await file.writeFile(piece);
  } finally {
    await file.close();
  }
}
