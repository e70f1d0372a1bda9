import { pipeline, Readable } from 'node:stream';
import { constants, createGunzip } from 'node:zlib';

/** The checksum, and a line or two that somebody has appended. */
const END_BYTES = 1024;

/**
 * Passes bytes through, decompressed if they begin as gzip does (RFC 1952), whatever the name says.
 * A compressed file that was cut gives all that it holds; its scan then says that it is cut. With a wrong checksum, or something
 * else behind its end, it gives what it holds, and throws then.
 */
export async function* gunzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const input = chunks[Symbol.asyncIterator]();
  const first = await readAtLeast(input, 2);
  const whole = rest(first, input);
  if (first[0] !== 0x1f || first[1] !== 0x8b) {
    yield* whole;
    return;
  }
  const gunzip = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH, chunkSize: 1 << 18 });
  // The error reaches the reader of gunzip; the callback only keeps it from being thrown twice.
  pipeline(Readable.from(endApart(whole)), gunzip, () => undefined);
  yield* gunzip as AsyncIterable<Uint8Array>;
}

async function readAtLeast(input: AsyncIterator<Uint8Array>, bytes: number): Promise<Buffer> {
  let start: Buffer = Buffer.alloc(0);
  while (start.length < bytes) {
    const { value, done } = await input.next();
    if (done === true) break;
    // A copy, for the chunk does not outlive the next one.
    start = Buffer.concat([start, value]);
  }
  return start;
}

async function* rest(first: Buffer, input: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  if (first.length > 0) yield first;
  for (let next = await input.next(); next.done !== true; next = await input.next()) yield next.value;
}

/**
 * The last bytes one by one: gunzip gives nothing of a piece in which it finds a fault, and the checksum, and what follows it, are
 * at the end. Copied, for a stream reads ahead of who works on its chunks.
 */
async function* endApart(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const all = Buffer.concat([held, chunk]);
    held = all.subarray(Math.max(0, all.length - END_BYTES));
    if (all.length > held.length) yield all.subarray(0, all.length - held.length);
  }
  for (let at = 0; at < held.length; at++) yield held.subarray(at, at + 1);
}
