import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/**
 * Opens a regular file in a directory where others may write: no link, and without blocking. A listed file may have been
 * replaced by a pipe, and opening one would block a thread of the file system pool. Rejects with `ENOTFILE` when it is not a
 * regular file.
 */
export async function openRegular(at: string | Buffer): Promise<FileHandle> {
  const file = await open(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if ((await file.stat()).isFile()) return file;
    throw Object.assign(new Error('it is no longer a regular file'), { code: 'ENOTFILE' });
  } catch (error) {
    await file.close();
    throw error;
  }
}
