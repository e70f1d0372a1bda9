import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/**
 * Opens a file that somebody else may have put there, to read: no link, and without waiting. What was a file when it was listed can be a pipe by
 * now, and to open one waits for its writer, in one of the few threads that all files are read with. Rejects with `ENOTFILE` when it is none.
 */
export async function openRegular(at: string | Buffer): Promise<FileHandle> {
  const file = await open(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if ((await file.stat()).isFile()) return file;
    throw Object.assign(new Error('it is no file any more'), { code: 'ENOTFILE' });
  } catch (error) {
    await file.close();
    throw error;
  }
}
