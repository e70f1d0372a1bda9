const MARK = '</host>';

/** Cuts a scan behind the ends of hosts, as far as one sees them without reading: a comment may hold one. */
export class Cutter {
  private readonly size: number;
  private held: Uint8Array[] = [];
  /** Bytes behind the last piece. */
  length = 0;

  /** `size`: of a piece at least, in bytes. */
  constructor(size: number) {
    this.size = size;
  }

  /** The next piece, in parts, or nothing as long as it is not long enough. */
  push(chunk: Uint8Array): readonly Uint8Array[] | undefined {
    const end = this.length + chunk.length < this.size ? 0 : endOfLast(chunk);
    this.hold(end === 0 ? chunk : chunk.subarray(0, end));
    if (end === 0) return undefined;
    const piece = this.rest();
    this.hold(chunk.subarray(end));
    return piece;
  }

  /** What is left. */
  rest(): readonly Uint8Array[] {
    const { held } = this;
    this.held = [];
    this.length = 0;
    return held;
  }

  private hold(bytes: Uint8Array): void {
    this.held.push(bytes);
    this.length += bytes.length;
  }
}

/** Where the last `</host>` of a chunk ends; 0 when there is none, or only the end of one. */
function endOfLast({ buffer, byteOffset, byteLength }: Uint8Array): number {
  const at = Buffer.from(buffer, byteOffset, byteLength).lastIndexOf(MARK);
  return at === -1 ? 0 : at + MARK.length;
}
