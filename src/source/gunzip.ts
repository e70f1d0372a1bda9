import { pipeline, Readable } from 'node:stream';
import { constants, createGunzip } from 'node:zlib';

/**
 * Passes bytes through, decompressed if they begin as gzip does (RFC 1952), whatever the name says.
 * A compressed file that was cut gives all that it holds; its scan then says that it is cut.
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
  pipeline(Readable.from(copied(whole)), gunzip, () => undefined);
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

/** A stream reads ahead of who works on its chunks. */
async function* copied(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}
