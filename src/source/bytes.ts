/** Thrown when the input ends too early. */
export const CUT = Symbol('cut');

const ZEROS = Buffer.alloc(1 << 16);

/** Reads chunks byte by byte; a chunk is valid only until the next one is requested. */
export class Bytes {
  /** Bytes taken so far. */
  offset = 0;
  private readonly input: AsyncIterator<Uint8Array>;
  private held: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.input = chunks[Symbol.asyncIterator]();
  }

  /** Peeks, without taking anything. */
  async beginsWith(start: readonly number[]): Promise<boolean> {
    while (this.held.length < start.length) {
      // A copy, because the chunk is only valid until the next one is requested.
      const before = Uint8Array.from(this.held);
      const { value, done } = await this.input.next();
      if (done === true) {
        this.held = before;
        return false;
      }
      this.held = before.length === 0 ? value : Buffer.concat([before, value]);
    }
    return start.every((byte, i) => this.held[i] === byte);
  }

  /** Throws {@link CUT}. */
  async byte(): Promise<number> {
    const [byte] = await this.some();
    this.take(1);
    return byte as number;
  }

  /** A number of that many bytes, lowest byte first. Throws {@link CUT}. */
  async number(bytes: number): Promise<number> {
    let number = 0;
    for (let i = 0; i < bytes; i++) number += (await this.byte()) * 256 ** i;
    return number;
  }

  /** Peeks at all bytes available without requesting more, at least one. Throws {@link CUT}. */
  async some(): Promise<Uint8Array> {
    while (this.held.length === 0) {
      const { value, done } = await this.input.next();
      if (done === true) throw CUT;
      this.held = value;
    }
    return this.held;
  }

  take(count: number): void {
    this.held = this.held.subarray(count);
    this.offset += count;
  }

  /** Whether only zeros follow up to the end; takes them. */
  async areZerosToTheEnd(): Promise<boolean> {
    for await (const chunk of this.rest()) if (!areZeros(chunk)) return false;
    return true;
  }

  /** All chunks that are left. */
  async *rest(): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.held.length > 0) yield this.held;
    for (let next = await this.input.next(); next.done !== true; next = await this.input.next()) yield next.value;
  }
}

/** By comparing: looking at each byte takes twenty times as long. */
function areZeros(chunk: Uint8Array): boolean {
  for (let from = 0; from < chunk.length; from += ZEROS.length) {
    const part = chunk.subarray(from, from + ZEROS.length);
    if (ZEROS.compare(part, 0, part.length, 0, part.length) !== 0) return false;
  }
  return true;
}
