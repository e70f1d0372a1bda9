import { constants, read, type Stats, statSync } from 'node:fs';
import { type FileHandle, open, readlink, realpath } from 'node:fs/promises';
import { promisify } from 'node:util';
import { timeLimit } from '../core/deadline.ts';
import { PortlogError } from '../core/errors.ts';
import { reasonOf } from '../core/reason.ts';
import { GzipBomb, GzipDamage } from './gunzip.ts';
import { openRegular } from '../core/open-regular.ts';
import { Hole } from './holes.ts';
import { scanBytes } from './scan-bytes.ts';
import type { Source } from './source.ts';

const readFrom = promisify(read);
const CHUNK_BYTES = 1 << 18;

/** After this time without a writer, a message says that the pipe is waiting. */
const WAITING_MS = 2000;

/**
 * A file, plain or gzip, read at the pace of the slowest sink; or a named pipe (`portlog <(nmap -oX - …)`), which cannot wait. `notify` is
 * called when a pipe has no writer: portlog goes on waiting, because nmap may be started later.
 */
export function fileSource(path: string, notify: (sentence: string) => void = ignored): Source {
  return {
    name: path,
    live: isPipe(() => statSync(path)),
    bytes: (signal) => bytesOf(path, signal, () => (isFifo(path) ? openFifo(path, signal, notify) : open(path))),
  };
}

interface Found {
  readonly path: string;
  readonly at: string | Buffer;
  readonly root?: string;
}

/**
 * A regular file of a watched directory, opened without following a link, by the bytes of its name. It is read up to the size that it has
 * then: one that grows faster than it is read must not keep others waiting. What is added later makes it another version.
 */
export function foundSource({ path, at, root }: Found): Source {
  return { name: path, live: false, bytes: (signal) => bytesOf(path, signal, () => openFound(at, root), sizeOf) };
}

async function sizeOf(file: FileHandle): Promise<number> {
  return (await file.stat()).size;
}

function endless(): Promise<number> {
  return Promise.resolve(Number.POSITIVE_INFINITY);
}

/** `O_NOFOLLOW` only applies to the last name: a directory on the way may have become a link since it was listed. */
async function openFound(at: string | Buffer, root: string | undefined): Promise<FileHandle> {
  const file = await openRegular(at);
  if (root === undefined) return file;
  try {
    // The path of the file that was opened; without /proc, the current one.
    const opened = await readlink(`/proc/self/fd/${file.fd}`).catch(() => realpath(at, 'utf8'));
    const whole = await realpath(root);
    if (opened.startsWith(whole.endsWith('/') ? whole : `${whole}/`)) return file;
    throw Object.assign(new Error('a link leads out of the watched directory'), { code: 'ELOOP' });
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function* bytesOf(
  path: string,
  signal: AbortSignal,
  opened: () => Promise<FileHandle>,
  mostOf: (file: FileHandle) => Promise<number> = endless,
): AsyncGenerator<Uint8Array, void, undefined> {
  let file: FileHandle | undefined;
  try {
    file = await opened();
    yield* scanBytes(chunksOf(file.fd, signal, await mostOf(file)));
  } catch (error) {
    // A file that we stopped reading is not incomplete.
    if (signal.aborted && error instanceof GzipDamage) return;
    throw unreadable(path, error as NodeJS.ErrnoException);
  } finally {
    await file?.close();
  }
}

function isFifo(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFIFO() === true;
}

/** Opens a FIFO, which waits for a writer (fifo(7)). On abort we open it for writing ourselves, or the process could not end. */
async function openFifo(path: string, signal: AbortSignal, notify: (sentence: string) => void): Promise<FileHandle> {
  const asking = timeLimit(WAITING_MS);
  const say = (): void => notify(`${path} is a pipe without a writer so far: waiting`);
  asking.addEventListener('abort', say, { once: true });
  const write = (): void => void open(path, constants.O_WRONLY | constants.O_NONBLOCK).then((file) => file.close(), ignored);
  signal.addEventListener('abort', write, { once: true });
  try {
    return await open(path);
  } finally {
    asking.removeEventListener('abort', say);
    signal.removeEventListener('abort', write);
  }
}

/** It was opened meanwhile, or deleted. */
function ignored(): void {}

/** Whether it is a pipe, of which unread data is lost; false when unknown, which reading will report. */
export function isPipe(ask: () => Stats): boolean {
  try {
    const stats = ask();
    return stats.isFIFO() || stats.isSocket() || stats.isCharacterDevice();
  } catch {
    return false;
  }
}

/** Reads `most` bytes, to the end, or until aborted, into one reused buffer: new ones would pile up before they are collected (50 MB). */
export async function* chunksOf(fd: number, signal: AbortSignal, most = Number.POSITIVE_INFINITY): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  let left = most;
  while (!signal.aborted && left > 0) {
    const { bytesRead } = await readFrom(fd, buffer, 0, Math.min(buffer.length, left), null);
    if (bytesRead === 0) return;
    left -= bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

const REASONS: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ENOENT: ['there is no such file', 'check the path'],
  ELOOP: ['it is a symbolic link', 'name what it leads to'],
  EISDIR: ['it is a directory', 'name the files in it, for example DIR/*.xml, or ship what is in it: portlog watch --once DIR'],
  ENXIO: ['it is a socket, or a device that is not there', 'name a file, or a pipe'],
  EACCES: ['permission is denied', 'run portlog as a user that may read it'],
};

const ADDRESS = /^[a-z][a-z\d+.-]{0,15}:\/\//i;
const FETCH = ['it is an address, and portlog reads files', 'fetch it, and pipe it in: curl -fsS URL | portlog'] as const;

/** Why something could not be read, in words. */
export function unreadable(path: string, error: NodeJS.ErrnoException): PortlogError {
  if (error instanceof Hole)
    return new PortlogError('input-unreadable', `${path} was not read to its end: ${error.message}`, {
      hint: 'it is a sparse or damaged file; what came before was read',
      cause: error,
    });
  if (error instanceof GzipBomb)
    return new PortlogError('input-unreadable', `${path} was not read to its end: ${error.message}`, {
      hint: 'if it is a scan after all, unpack it and ship the XML',
      cause: error,
    });
  if (error instanceof GzipDamage)
    return new PortlogError('input-unreadable', `${path} is damaged: ${error.message}`, {
      hint: 'what came before was read, as gzip -dc would read it; make the file again',
      cause: error,
    });
  const known = error.code === 'ENOENT' && ADDRESS.test(path) ? FETCH : REASONS[error.code ?? ''];
  const [reason, hint] = known ?? [reasonOf(error), 'check the file and the disk it is on'];
  return new PortlogError('input-unreadable', `${path} could not be read: ${reason}`, { hint, cause: error });
}
