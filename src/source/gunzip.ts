import { crc32 } from 'node:zlib';
import { Bytes, CUT } from './bytes.ts';
import { Inflater } from './inflate.ts';

/** Damaged gzip; the data before the damage was delivered. */
export class GzipDamage extends Error {
  readonly code = 'GZIP_DAMAGE';
}

/** The data expands far more than any scan. */
export class GzipBomb extends GzipDamage {}

/** Largest expansion. A scan of a network without hosts expands 50 times; gzip itself allows 1,030. */
const MOST_TIMES = 200;
/** Below this size, expansion is not checked. */
const SMALL_BYTES = 1 << 23;

/**
 * Passes bytes through, decompressed if they begin as gzip does (RFC 1952), whatever the name says. Yields everything that
 * `gzip -dc` would, then throws a {@link GzipDamage} where that would complain: truncated, damaged, wrong checksum, trailing
 * data. The scan may be complete all the same. A chunk holds until the next one is asked for. Throws {@link GzipBomb} when it
 * has given 8 MiB and 200 times what it has read.
 */
export async function* gunzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = new Bytes(chunks);
  if (!(await bytes.beginsWith(MAGIC))) {
    yield* bytes.rest();
    return;
  }
  const inflater = await Inflater.load();
  let [member, given] = [1, 0];
  try {
    for (; await hasMember(bytes, member); member++)
      for await (const piece of contentOf(bytes, member, inflater)) {
        given += piece.length;
        yield piece;
        if (given > SMALL_BYTES && given > MOST_TIMES * bytes.offset) throw new GzipBomb(bombWords(given, bytes.offset));
      }
  } catch (error) {
    throw error === CUT ? new GzipDamage(`it is cut: it ends inside its member ${member}, at byte ${bytes.offset}`) : error;
  }
}

function bombWords(given: number, read: number): string {
  return `its first ${read} bytes unpack to ${given}, more than ${MOST_TIMES} times as many, which no scan does`;
}

const MAGIC = [0x1f, 0x8b];
const DEFLATE = 8;
const FLAG = { headerChecksum: 2, extra: 4, name: 8, comment: 16, unknown: 0xe0 };

/** Whether another member begins here. Trailing zeros are padding of tapes. */
async function hasMember(bytes: Bytes, member: number): Promise<boolean> {
  if (await bytes.beginsWith(MAGIC)) return true;
  if (await bytes.areZerosToTheEnd()) return false;
  throw new GzipDamage(`what follows its member ${member - 1} is not gzip`);
}

/** Of one member. Reads on behind its end. */
async function* contentOf(bytes: Bytes, member: number, inflater: Inflater): AsyncGenerator<Uint8Array, void, undefined> {
  await readHeader(bytes, member);
  let [checksum, length] = [0, 0];
  for await (const piece of inflater.inflated(bytes, () => new GzipDamage(`member ${member} is damaged before byte ${bytes.offset}`))) {
    checksum = crc32(piece, checksum);
    length = (length + piece.length) >>> 0;
    yield piece;
  }
  if ((await bytes.number(4)) !== checksum) throw new GzipDamage(`the checksum of member ${member} is wrong`);
  if ((await bytes.number(4)) !== length) throw new GzipDamage(`the length of member ${member} is wrong`);
}

async function readHeader(bytes: Bytes, member: number): Promise<void> {
  const start = new ChecksummedBytes(bytes);
  await start.skip(MAGIC.length);
  const [method, flags] = [await start.byte(), await start.byte()];
  if (method !== DEFLATE || (flags & FLAG.unknown) !== 0) throw new GzipDamage(`the header of member ${member} is not a known gzip header`);
  // When, by whom, on what.
  await start.skip(6);
  if ((flags & FLAG.extra) !== 0) await start.skip((await start.byte()) + 256 * (await start.byte()));
  if ((flags & FLAG.name) !== 0) await start.skipText();
  if ((flags & FLAG.comment) !== 0) await start.skipText();
  if ((flags & FLAG.headerChecksum) === 0) return;
  const expected = start.checksum & 0xffff;
  if ((await bytes.number(2)) !== expected) throw new GzipDamage(`the checksum of the header of member ${member} is wrong`);
}

/** Bytes with the checksum of those that were read. */
class ChecksummedBytes {
  checksum = 0;
  private readonly bytes: Bytes;

  constructor(bytes: Bytes) {
    this.bytes = bytes;
  }

  async byte(): Promise<number> {
    const byte = await this.bytes.byte();
    this.checksum = crc32(Uint8Array.of(byte), this.checksum);
    return byte;
  }

  async skip(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.byte();
  }

  async skipText(): Promise<void> {
    while ((await this.byte()) !== 0);
  }
}
