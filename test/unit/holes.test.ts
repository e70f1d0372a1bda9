import { appendFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { contentDigest } from '../../src/source/content-digest.ts';
import { fileSource, foundSource } from '../../src/source/file.ts';
import { withoutHoles } from '../../src/source/holes.ts';
import { freshDir } from '../support/fresh-dir.ts';

const SCAN = readFileSync(join(import.meta.dirname, '../../examples/office-1.xml'));
const forever = new AbortController().signal;

/** A file that begins with `content`, and is a hole of 15 TB behind it. */
function sparse(content: Buffer): string {
  const path = join(freshDir(), 'a.xml');
  writeFileSync(path, content);
  // As large as the file system allows; none of it takes room.
  for (const size of [15e12, 1e12]) {
    try {
      truncateSync(path, size);
      return path;
    } catch {}
  }
  return path;
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let sum = 0;
  for await (const chunk of chunks) sum += chunk.length;
  return sum;
}

describe('a file with a hole', () => {
  test.for([
    ['behind a scan', SCAN],
    ['behind a compressed scan', gzipSync(SCAN)],
  ] as const)('%s is not read to its end', async ([, content]) => {
    const path = sparse(content);
    await expect(bytesOf(fileSource(path).bytes(forever))).rejects.toThrow(
      /a\.xml was not read to its end: behind byte \d+ are 128 MiB without an element$/,
    );
    expect(await contentDigest(path, forever)).toBeUndefined();
  });

  test('that is small is read', async () => {
    const path = join(freshDir(), 'a.xml');
    writeFileSync(path, SCAN);
    truncateSync(path, 1_000_000);
    expect(await bytesOf(fileSource(path).bytes(forever))).toBe(1_000_000);
  });
});

test('elements may be far from each other, and hosts large', async () => {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (const piece of ['<', 'a'.repeat(9), '<b', 'a'.repeat(9), '<', 'a'.repeat(20)]) yield await Promise.resolve(Buffer.from(piece));
  }
  await expect(bytesOf(withoutHoles(pieces(), 19))).rejects.toThrow('behind byte 21 are 0 MiB without an element');
  expect(await bytesOf(withoutHoles(pieces(), 21))).toBe(42);
});

test('a file of a watched directory is read up to the size that it had when it was opened', async () => {
  const path = join(freshDir(), 'a.xml');
  writeFileSync(path, SCAN);
  let read = 0;
  for await (const chunk of foundSource({ path, at: path }).bytes(forever)) {
    read += chunk.length;
    appendFileSync(path, SCAN);
  }
  expect(read).toBe(SCAN.length);
  expect(statSync(path).size).toBe(2 * SCAN.length);
});
