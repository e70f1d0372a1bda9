import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { reasonOf } from '../core/reason.ts';

const MIB = 1 << 20;

/**
 * The text of a snapshot file, decompressed if it is gzip. Throws an error for what is not a regular file (a pipe could
 * block), and for more than `maxMib` MiB, compressed or not; never holds more than that in memory.
 */
export function snapshotText(path: string, maxMib: number): string {
  const bytes = bytesOf(path, maxMib);
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  // Without a byte order mark.
  return new TextDecoder().decode(isPacked ? unpacked(bytes, maxMib) : bytes);
}

function bytesOf(path: string, maxMib: number): Buffer {
  const file = opened(path);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Error(stats.isDirectory() ? 'it is a directory' : 'it is not a file');
    if (stats.size > maxMib * MIB) throw tooLarge(maxMib);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** Non-blocking, in case it is a pipe. */
function opened(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw new Error(reasonOf(cause), { cause });
  }
}

function unpacked(bytes: Buffer, maxMib: number): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxMib * MIB });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxMib);
    throw new Error('it is packed with gzip, and is damaged or cut', { cause });
  }
}

function tooLarge(maxMib: number): Error {
  return new Error(`it is larger than ${maxMib} MiB`);
}
