const MARK = '</host>';

/** In bytes. */
export interface SlotSizes {
  /** Larger hosts are not given to threads. */
  readonly piece: number;
  /** Buffer for the lines of a piece, which are three to four times as long as the XML; longer ones are allocated. */
  readonly lines: number;
}

/** Reused memory for a piece of a scan and the lines that a thread makes of it. */
export class Slot {
  /** For the lines. */
  readonly room: Uint8Array;
  private readonly input: Buffer<SharedArrayBuffer>;
  private filled = 0;

  constructor({ piece, lines }: SlotSizes) {
    this.input = Buffer.from(new SharedArrayBuffer(piece));
    this.room = new Uint8Array(new SharedArrayBuffer(lines));
  }

  get bytes(): Buffer {
    return this.input.subarray(0, this.filled);
  }

  get isFull(): boolean {
    return this.filled === this.input.length;
  }

  /** Adds as much as fits; returns how much. */
  add(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, this.input.length - this.filled);
    this.input.set(taken, this.filled);
    this.filled += taken.length;
    return taken.length;
  }

  /** Where the last host seems to end (a comment may contain `</host>`); 0 when none does. */
  get lastEnd(): number {
    const at = this.bytes.lastIndexOf(MARK);
    return at === -1 ? 0 : at + MARK.length;
  }

  clear(): void {
    this.filled = 0;
  }
}

/** Free slots. */
export class Slots {
  private readonly sizes: SlotSizes;
  private readonly free: Slot[] = [];

  constructor(sizes: SlotSizes) {
    this.sizes = sizes;
  }

  /** An empty one. */
  acquire(): Slot {
    return this.free.pop() ?? new Slot(this.sizes);
  }

  release(slot: Slot): void {
    slot.clear();
    this.free.push(slot);
  }
}
