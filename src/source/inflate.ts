import type * as Pako from 'pako';
import type { Bytes } from './bytes.ts';

/** Made at a time, whatever a piece of input expands to. */
const PIECE_BYTES = 1 << 18;
/** Without a wrapper around it, and with the largest window. */
const RAW = -15;
/** What damage makes refer to before the beginning. gzip gives something there, too, and goes on; zlib alone would end. */
const BEFORE = new Uint8Array(1 << 15);

/**
 * Inflates (RFC 1951) one thing after the other. Not with Node's zlib: that keeps for itself what it made of a piece of input in which
 * it finds a fault.
 */
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

  /** What begins here, to its end. A piece holds until the next one is asked for. Throws `CUT`; and `damage`, after the last byte before a fault. */
  async *inflated(bytes: Bytes, damage: () => Error): AsyncGenerator<Uint8Array, void, undefined> {
    const { zlibInflateReset, zlibInflateSetDictionary, zlibInflate, Z_NO_FLUSH, Z_STREAM_END, Z_OK, Z_BUF_ERROR } = this.pako;
    const { stream } = this;
    zlibInflateReset(stream);
    zlibInflateSetDictionary(stream, BEFORE);
    Object.assign(stream, { avail_in: 0, avail_out: 0 });
    for (let result: number = Z_OK; result !== Z_STREAM_END;) {
      // Is the last piece full, there may be more without more input.
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
