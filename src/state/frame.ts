import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Dataset } from '../event/event.ts';
import type { Queued } from './queued.ts';

/** Fast enough not to hold up the event loop (3 ms for a MiB), and events shrink to a tenth. */
const LEVEL = 1;
/** `ackGroup` and `revision` are missing in what older versions have written, and where there is none. */
type Head = readonly (readonly [id: string, dataset: Dataset, time: number, queued: number, bytes: number, ackGroup?: string, revision?: number])[];

/** A batch as stored in the spool: a line of JSON about the entries, then their bodies, compressed. */
export function packFrame(entries: readonly Queued[], partition: string): { readonly frame: Buffer; readonly checksum: number } {
  const head: Head = entries.map(({ id, dataset, time, queued, bytes, ackGroup, revision }) =>
    ackGroup === undefined
      ? [id, dataset, time, queued, bytes]
      : revision === undefined
        ? [id, dataset, time, queued, bytes, ackGroup.key]
        : [id, dataset, time, queued, bytes, ackGroup.key, revision],
  );
  const line = Buffer.from(`${JSON.stringify(head)}\n`);
  const whole = room(line.length + entries.reduce((sum, { bytes }) => sum + bytes, 0));
  let at = line.copy(whole);
  for (const { parts } of entries) for (const part of parts) at += whole.write(part, at);
  const frame = zstdCompressSync(whole.subarray(0, at), { params: { [constants.ZSTD_c_compressionLevel]: LEVEL } });
  return { frame, checksum: checksumOf(frame, partition) };
}

let scratch = Buffer.alloc(0);

/** The same buffer for every frame: new ones pile up faster than they are collected. */
function room(bytes: number): Buffer {
  if (bytes > 4 << 20) return Buffer.allocUnsafe(bytes);
  if (scratch.length < bytes) scratch = Buffer.allocUnsafeSlow(bytes * 2);
  return scratch;
}

/** Size limit of an unpacked frame, far above any batch; a larger one was not written by portlog. */
const MOST_BYTES = 512 << 20;

/** The entries of a frame, or undefined when it is not what was written. */
export function unpackFrame(frame: Uint8Array, checksum: number, partition: string): readonly Queued[] | undefined {
  // Older versions left the partition out.
  if (checksum !== checksumOf(frame, partition) && checksum !== crc32(frame)) return undefined;
  try {
    const whole = zstdDecompressSync(frame, { maxOutputLength: MOST_BYTES });
    const end = whole.indexOf(10);
    const head: unknown = JSON.parse(whole.toString('utf8', 0, Math.max(end, 0)));
    return isHead(head) ? entriesIn(head, whole.subarray(end + 1), partition) : undefined;
  } catch {
    // The checksum is right but the content is not: another program wrote it.
    return undefined;
  }
}

function isHead(value: unknown): value is Head {
  return Array.isArray(value) && value.every(isRow);
}

function isRow(row: unknown): boolean {
  if (!Array.isArray(row)) return false;
  const [id, dataset, time, queued, bytes, key, revision] = row as readonly unknown[];
  if (typeof id !== 'string' || typeof dataset !== 'string' || !Number.isFinite(time) || !Number.isFinite(queued)) return false;
  const isLength = Number.isSafeInteger(bytes) && (bytes as number) >= 0;
  return isLength && (key === undefined || typeof key === 'string') && (revision === undefined || Number.isFinite(revision));
}

/** The entries of a frame; undefined when the bodies are shorter than the head says. */
function entriesIn(head: Head, bodies: Buffer, partition: string): readonly Queued[] | undefined {
  if (head.reduce((sum, [, , , , bytes]) => sum + bytes, 0) > bodies.length) return undefined;
  let at = 0;
  return head.map(([id, dataset, time, queued, bytes, key, revision]) => {
    const body = bodies.toString('utf8', at, at + bytes);
    at += bytes;
    return { id, dataset, time, queued, bytes, partition, parts: [body], ackGroup: key === undefined ? undefined : { key }, revision };
  });
}

function checksumOf(frame: Uint8Array, partition: string): number {
  return crc32(partition, crc32(frame));
}
