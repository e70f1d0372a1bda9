import { existsSync } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { Clock } from '../../core/clock.ts';
import { openRegular } from '../../core/open-regular.ts';

/** End of the name of a rotated file, compressed or not. */
export const ROTATED: RegExp = /Z(\.gz)?$/;
/** Age of a temporary file after which its compression counts as abandoned. */
const ABANDONED_MS = 600_000;

export interface Rotation {
  /** Number of lines in files that were deleted because of `keepFiles`. */
  readonly removed: number;
  /** Compresses rotated files. */
  readonly compress: () => Promise<void>;
}

/**
 * Renames a file to the current time: `events.ndjson` becomes `events.ndjson.2026-01-31T12-00-00.000Z`, and later with `.gz`.
 * Keeps all, or the newest `keep`.
 */
export async function rotate(path: string, keep: number | undefined, clock: Clock): Promise<Rotation> {
  await rename(path, freeName(path, clock.now()));
  let removed = 0;
  const aside = await rotatedFiles(path, ROTATED);
  for (const old of keep === undefined ? [] : aside.slice(0, -keep)) {
    removed += await linesIn(old);
    await rm(old, { force: true });
  }
  return {
    removed,
    // All rotated files, including those that could not be compressed earlier.
    compress: async () => {
      for (const name of await rotatedFiles(path, /Z$/)) await compress(name, clock.now());
    },
  };
}

/** A name that does not exist yet, even within the same millisecond. */
function freeName(path: string, now: number): string {
  for (let time = now; ; time++) {
    const name = `${path}.${new Date(time).toISOString().replaceAll(':', '-')}`;
    if (!existsSync(name) && !existsSync(`${name}.gz`)) return name;
  }
}

/** Compresses to a temporary name, so that nobody picks up half a .gz file. */
async function compress(path: string, now: number): Promise<void> {
  const part = `${path}.gz.part`;
  const other = await stat(part).catch(() => undefined);
  if (other !== undefined && now - other.mtimeMs > ABANDONED_MS) await rm(part, { force: true });
  const input = await opened(path);
  if (input === undefined) return;
  try {
    await pipeline(input.createReadStream(), createGzip(), await createLike(input, part));
    // Another process may have deleted it meanwhile.
    if (!existsSync(path)) return await rm(part, { force: true });
    await rename(part, `${path}.gz`);
    await rm(path, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') await rm(part, { force: true });
    throw error;
  } finally {
    await input.close();
  }
}

/** Creates a file that the same people may read. The mode is set through the open file, because its name may lead elsewhere by then. */
async function createLike(input: FileHandle, part: string): Promise<Writable> {
  const { mode } = await input.stat();
  // `wx`: never follows a link, and fails where another process does the same.
  const output = await open(part, 'wx', 0o640);
  await output.chmod(mode & 0o777);
  return output.createWriteStream();
}

/** Counts the events of a file that another process may delete or compress meanwhile. */
async function linesIn(path: string): Promise<number> {
  const file = await opened(path);
  if (file === undefined) return 0;
  let lines = 0;
  const count = async (pieces: AsyncIterable<Buffer>): Promise<void> => {
    for await (const piece of pieces) for (let at = piece.indexOf(10); at !== -1; at = piece.indexOf(10, at + 1)) lines++;
  };
  const bytes = file.createReadStream();
  await (path.endsWith('.gz') ? pipeline(bytes, createGunzip(), count) : pipeline(bytes, count)).catch(() => undefined);
  return lines;
}

/** Opens a rotated file; undefined when it is gone, or is not a regular file (others may have made a link or a pipe of that name). */
async function opened(path: string): Promise<FileHandle | undefined> {
  return openRegular(path).catch(() => undefined);
}

/** Rotated files, oldest first: their names contain the time. */
export async function rotatedFiles(path: string, ending: RegExp): Promise<readonly string[]> {
  const begins = `${basename(path)}.`;
  const names = (await readdir(dirname(path))).filter((name) => name.startsWith(begins) && ending.test(name));
  const aside = names.filter((name) => /^\d{4}-\d\d-\d\dT[\d.-]+Z(\.gz)?$/.test(name.slice(begins.length)));
  return aside.sort().map((name) => join(dirname(path), name));
}
