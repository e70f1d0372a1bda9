const LINE_FEED = 10;

/** Lines of text as UTF-8, written to the given buffer, or to a larger one when that is too small. */
export class Lines {
  private buffer: Buffer;
  private length = 0;

  constructor(room: Uint8Array) {
    this.buffer = Buffer.from(room.buffer, room.byteOffset, room.byteLength);
  }

  /** A line, from its parts. */
  add(parts: readonly string[]): void {
    for (const part of parts) {
      // No code unit takes more than three bytes, and the line feed one.
      const most = this.length + part.length * 3 + 1;
      if (most > this.buffer.length) this.grow(most);
      this.length += this.buffer.write(part, this.length);
    }
    this.buffer[this.length++] = LINE_FEED;
  }

  get bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  private grow(least: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(least, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}
