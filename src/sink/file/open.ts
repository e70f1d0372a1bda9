import { closeSync, constants, fchmodSync, fstatSync, ftruncateSync, lstatSync, openSync, readSync, type Stats, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { makeDirectories } from '../../core/make-directories.ts';
import { self } from '../../core/environment.ts';
import { fileError } from './failure.ts';
import { rotatedFiles, ROTATED } from './rotation.ts';
import { isWritableByOthers, linkOfStranger, riskOfFile } from './shared-folder.ts';

/** A file modified within this time may be in the middle of a write. */
const RECENT_MS = 1000;
const READ_AND_APPEND = constants.O_RDWR | constants.O_APPEND;
const READABLE_BY_GROUP = 0o640;
const READABLE_BY_ALL = 0o444;
const WRITABLE_BY_US = 0o600;
/** The part of a line that shows whether portlog wrote it. */
const BEGINNING_BYTES = 4096;

/** Opens or creates a file for appending lines, with its directories. Links are not followed where other users may have created them. */
export async function openToAppend(path: string, signal: AbortSignal, clock: Clock): Promise<number> {
  if (linkOfStranger(dirname(path)) !== undefined) throw fileError('ELOOP');
  makeDirectories(dirname(path), 0o750);
  const file = openOrMake(path, lstatSync(path, { throwIfNoEntry: false }) === undefined ? await modeOfLast(path) : undefined);
  try {
    const stats = fstatSync(file);
    const code = isFifoOrSocket(stats) ? 'ENXIO' : stats.isFile() ? riskOfFile(path, stats) : undefined;
    if (code !== undefined) throw fileError(code);
    if (stats.isFile()) await endHalfLine(file, signal, clock);
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function openOrMake(path: string, mode: number | undefined): number {
  const links = isWritableByOthers(dirname(path)) ? constants.O_NOFOLLOW : 0;
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) {
    try {
      const file = openSync(path, READ_AND_APPEND | constants.O_CREAT | constants.O_EXCL, READABLE_BY_GROUP);
      if (mode !== undefined) fchmodSync(file, mode);
      return file;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  // A link of our own may lead to a file that does not exist yet.
  return openSync(path, READ_AND_APPEND | links | (links === 0 ? constants.O_CREAT : 0), READABLE_BY_GROUP);
}

/** The mode of the latest rotated file: whoever may read that one may read its successor. Files of other owners are ignored. */
async function modeOfLast(path: string): Promise<number | undefined> {
  // A directory may be writable and not listable.
  const [last] = (await rotatedFiles(path, ROTATED).catch(() => [])).toReversed();
  const stats = last === undefined ? undefined : lstatSync(last, { throwIfNoEntry: false });
  return stats?.isFile() === true && stats.uid === self()?.uid ? (stats.mode & READABLE_BY_ALL) | WRITABLE_BY_US : undefined;
}

/** A FIFO or socket loses data without a reader, and blocks the writer when its buffer is full. */
export function isFifoOrSocket(stats: Stats): boolean {
  return stats.isFIFO() || stats.isSocket();
}

/**
 * A killed writer may leave half a line at the end, which never counted as delivered: portlog's own is truncated, any other
 * gets a line feed. Waits for a line that is just being written.
 */
async function endHalfLine(file: number, signal: AbortSignal, clock: Clock): Promise<void> {
  for (let end = endOfLastLine(file); end < fstatSync(file).size; end = endOfLastLine(file)) {
    const age = clock.now() - fstatSync(file).mtimeMs;
    if (age > RECENT_MS || age < 0) {
      if (isOurs(file, end)) ftruncateSync(file, end);
      else writeSync(file, '\n');
      return;
    }
    await clock.sleep(RECENT_MS / 4, signal);
    if (signal.aborted) return;
  }
}

/** Whether portlog wrote the last complete line, or the half line if it is the only one. */
function isOurs(file: number, end: number): boolean {
  const beginning = Buffer.alloc(BEGINNING_BYTES);
  const length = readSync(file, beginning, 0, beginning.length, end === 0 ? 0 : endOfLastLine(file, end - 1));
  const [line = ''] = beginning.toString('utf8', 0, length).split('\n');
  return line.startsWith('{"event":{"module":"nmap"') || (line.startsWith('{"@timestamp":"') && line.includes('"type":"portlog"'));
}

/** Index behind the last line feed before `limit`. */
function endOfLastLine(file: number, limit = fstatSync(file).size): number {
  const piece = Buffer.alloc(64 << 10);
  for (let end = limit; end > 0;) {
    const start = Math.max(0, end - piece.length);
    const read = readSync(file, piece, 0, end - start, start);
    const newline = piece.lastIndexOf(10, read - 1);
    if (read > 0 && newline !== -1) return start + newline + 1;
    end = start;
  }
  return 0;
}
