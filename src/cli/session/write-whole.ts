import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { self } from '../../core/environment.ts';
import { isWritableByOthers, linkOfStranger } from '../../sink/file/shared-folder.ts';

const FULL_PIPE_MS = 20;
const NEVER = new AbortController().signal;

/**
 * Writes a file atomically, or to a device or pipe (`/dev/stdout`). In a directory where others may create files, a link is replaced, and
 * another user's pipe is not written to. A replaced file passes its permissions on.
 */
export async function writeWhole(path: string, pieces: Iterable<string>, mode = 0o600): Promise<void> {
  const link = linkOfStranger(dirname(path));
  if (link !== undefined) throw new Error(`${link} is a link that belongs to somebody else`);
  const isTrusted = !isWritableByOthers(dirname(path));
  const there = await (isTrusted ? stat(path) : lstat(path)).catch(() => undefined);
  if (there !== undefined && isStream(there) && (isTrusted || there.uid === self()?.uid))
    return writeAndClose(await openStream(path, isTrusted ? 0 : constants.O_NOFOLLOW), pieces);
  await writeAndRename(isTrusted ? await realpath(path).catch(() => path) : path, pieces, mode);
}

/** Opening a pipe without a reader would wait for ever; non-blocking, it fails with `ENXIO`. */
async function openStream(path: string, flags: number): Promise<FileHandle> {
  return open(path, constants.O_WRONLY | constants.O_NONBLOCK | flags);
}

function isStream(stats: Stats): boolean {
  return stats.isFIFO() || stats.isCharacterDevice();
}

async function writeAndRename(path: string, pieces: Iterable<string>, mode: number): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  const before = await lstat(path).catch(() => undefined);
  try {
    const file = await open(draft, 'wx', mode);
    // Whoever could read the previous file may read this one.
    if (before?.isFile() === true && before.uid === self()?.uid) await file.chmod(before.mode & 0o777);
    await writeAndClose(file, pieces);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function writeAndClose(file: FileHandle, pieces: Iterable<string>): Promise<void> {
  try {
    for (const piece of pieces) await writeAll(file, Buffer.from(piece));
  } finally {
    await file.close();
  }
}

/** Writes everything to a pipe, waiting for its reader when it is full; `EPIPE` when the reader goes away. */
async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const written = await file.write(bytes, at).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EAGAIN') throw error;
      return undefined;
    });
    at += written?.bytesWritten ?? 0;
    if (written === undefined) await systemClock.sleep(FULL_PIPE_MS, NEVER);
  }
}
