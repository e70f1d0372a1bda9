const MARK = '</host>';

/** Memory that is filled with a piece of a scan, and holds the lines that a thread makes of it; used again and again. */
export class Slot {
  /** For the lines. */
  readonly room: Uint8Array;
  private readonly input: Buffer<SharedArrayBuffer>;
  private filled = 0;

  /** `size`: of the longest piece, in bytes; `lines`: of the room for its lines. */
  constructor(size: number, lines: number) {
    this.input = Buffer.from(new SharedArrayBuffer(size));
    this.room = new Uint8Array(new SharedArrayBuffer(lines));
  }

  get bytes(): Buffer {
    return this.input.subarray(0, this.filled);
  }

  get isFull(): boolean {
    return this.filled === this.input.length;
  }

  /** Takes as much as fits, and says how much that is. */
  add(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, this.input.length - this.filled);
    this.input.set(taken, this.filled);
    this.filled += taken.length;
    return taken.length;
  }

  /** Where the last host in it ends, as far as one sees without reading: a comment may hold `</host>`. 0 when none does. */
  get lastEnd(): number {
    const at = this.bytes.lastIndexOf(MARK);
    return at === -1 ? 0 : at + MARK.length;
  }

  clear(): void {
    this.filled = 0;
  }
}
