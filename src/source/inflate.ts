import type * as Pako from 'pako';
import type { Bytes } from './bytes.ts';

/** Made at a time, whatever a piece of input expands to. */
const PIECE_BYTES = 1 << 18;
/** Without a wrapper around it, and with the largest window. */
const RAW = -15;
/** A zero dictionary for damaged references before the start of the data: gzip continues there, zlib alone would stop. */
const BEFORE = new Uint8Array(1 << 15);

/** Inflates (RFC 1951) one stream after the other. Node's zlib would not return the output before a fault. */
export class Inflater {
  private readonly pako: typeof Pako;
  private readonly stream: Pako.ZStream;

  static async load(): Promise<Inflater> {
    return new Inflater(await import('pako'));
  }

  private constructor(pako: typeof Pako) {
    this.pako = pako;
    this.stream = new pako.ZStream();
    pako.zlibInflateInit2(this.stream, RAW);
    this.stream.output = new Uint8Array(PIECE_BYTES);
  }

  /**
   * Inflates the stream that begins here. A piece holds until the next one is asked for. Throws `CUT`; and `damage`, after the
   * last byte before a fault.
   */
  async *inflated(bytes: Bytes, damage: () => Error): AsyncGenerator<Uint8Array, void, undefined> {
    const { zlibInflateReset, zlibInflateSetDictionary, zlibInflate, Z_NO_FLUSH, Z_STREAM_END, Z_OK, Z_BUF_ERROR } = this.pako;
    const { stream } = this;
    zlibInflateReset(stream);
    zlibInflateSetDictionary(stream, BEFORE);
    Object.assign(stream, { avail_in: 0, avail_out: 0 });
    for (let result: number = Z_OK; result !== Z_STREAM_END;) {
      // If the last piece is full, there may be more output without more input.
      if (stream.avail_in === 0 && stream.avail_out > 0) await this.feed(bytes);
      Object.assign(stream, { next_out: 0, avail_out: PIECE_BYTES });
      const before = stream.next_in;
      result = zlibInflate(stream, Z_NO_FLUSH);
      bytes.take(stream.next_in - before);
      if (stream.next_out > 0) yield stream.output.subarray(0, stream.next_out);
      if (result !== Z_OK && result !== Z_STREAM_END && result !== Z_BUF_ERROR) throw damage();
    }
  }

  private async feed(bytes: Bytes): Promise<void> {
    const input = await bytes.some();
    Object.assign(this.stream, { input, next_in: 0, avail_in: input.length });
  }
}
