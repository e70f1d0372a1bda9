import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';

/** Nobody compresses one file for that long. */
const ABANDONED_MS = 600_000;

export interface Rotation {
  /** Lines of files that were deleted, because only so many are kept. */
  readonly removed: number;
  /** Compresses what was put aside. */
  readonly compress: () => Promise<void>;
}

/**
 * Puts a file aside under the time of now: `events.ndjson` becomes `events.ndjson.2026-01-31T12-00-00.000Z`, and later
 * that with `.gz`. All of them are kept, or the newest `keep`.
 */
export async function rotate(path: string, keep: number | undefined): Promise<Rotation> {
  await rename(path, freeName(path));
  let removed = 0;
  const aside = await asideOf(path, /Z(\.gz)?$/);
  for (const old of keep === undefined ? [] : aside.slice(0, -keep)) {
    removed += await linesIn(old);
    await rm(old, { force: true });
  }
  return {
    removed,
    // Also what an earlier rotation had no room to compress.
    compress: async () => {
      for (const name of await asideOf(path, /Z$/)) await compress(name);
    },
  };
}

/** Of two in the same millisecond, neither takes the other's place. */
function freeName(path: string): string {
  for (let time = Date.now(); ; time++) {
    const name = `${path}.${new Date(time).toISOString().replaceAll(':', '-')}`;
    if (!existsSync(name) && !existsSync(`${name}.gz`)) return name;
  }
}

/** Under another name until it is whole: whoever picks up .gz files never gets half of one. */
async function compress(path: string): Promise<void> {
  const part = `${path}.gz.part`;
  const other = await stat(part).catch(() => undefined);
  if (other !== undefined && Date.now() - other.mtimeMs > ABANDONED_MS) await rm(part, { force: true });
  // `wx`: never through a link, and not where another process is doing the same.
  const output = createWriteStream(part, { mode: 0o640, flags: 'wx' });
  try {
    await pipeline(createReadStream(path), createGzip(), output);
    // Another process may have deleted it meanwhile.
    if (!existsSync(path)) return await rm(part, { force: true });
    await rename(part, `${path}.gz`);
    await rm(path, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') await rm(part, { force: true });
    throw error;
  }
}

/** How many events there were. A file that another process deletes or compresses meanwhile counts where it gets to. */
async function linesIn(path: string): Promise<number> {
  let lines = 0;
  const count = async (pieces: AsyncIterable<Buffer>): Promise<void> => {
    for await (const piece of pieces) for (let at = piece.indexOf(10); at !== -1; at = piece.indexOf(10, at + 1)) lines++;
  };
  const file = createReadStream(path);
  await (path.endsWith('.gz') ? pipeline(file, createGunzip(), count) : pipeline(file, count)).catch(() => undefined);
  return lines;
}

/** Oldest first: their names are times. */
async function asideOf(path: string, ending: RegExp): Promise<readonly string[]> {
  const begins = `${basename(path)}.`;
  const names = (await readdir(dirname(path))).filter((name) => name.startsWith(begins) && ending.test(name));
  const aside = names.filter((name) => /^\d{4}-\d\d-\d\dT[\d.-]+Z(\.gz)?$/.test(name.slice(begins.length)));
  return aside.sort().map((name) => join(dirname(path), name));
}
