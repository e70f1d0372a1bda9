import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/**
 * Puts a file aside under the time of now. What it returns compresses it: `events.ndjson` becomes
 * `events.ndjson.2026-01-31T12-00-00.000Z.gz`; the newest `keep` of those are kept.
 */
export async function rotate(path: string, keep: number): Promise<() => Promise<void>> {
  await rename(path, `${path}.${new Date().toISOString().replaceAll(':', '-')}`);
  return async () => {
    // Also what an earlier rotation had no room to compress.
    for (const name of await asideOf(path, /Z$/)) await compress(name);
    const old = (await asideOf(path, /Z\.gz$/)).slice(0, -keep);
    await Promise.all(old.map((name) => rm(name, { force: true })));
  };
}

/** Under another name until it is whole: whoever picks up .gz files never gets half of one. */
async function compress(path: string): Promise<void> {
  const part = `${path}.gz.part`;
  try {
    await pipeline(createReadStream(path), createGzip(), createWriteStream(part, { mode: 0o640 }));
    await rename(part, `${path}.gz`);
    await rm(path);
  } finally {
    await rm(part, { force: true });
  }
}

/** Oldest first: their names are times. */
async function asideOf(path: string, ending: RegExp): Promise<readonly string[]> {
  const begins = `${basename(path)}.`;
  const names = (await readdir(dirname(path))).filter((name) => name.startsWith(begins) && ending.test(name));
  const aside = names.filter((name) => /^\d{4}-\d\d-\d\dT[\d.-]+Z(\.gz)?$/.test(name.slice(begins.length)));
  return aside.sort().map((name) => join(dirname(path), name));
}
