import { Gaps } from './gaps.ts';

/** Translates indexes of decoded text, of which parts were cut out, to byte offsets of the input. */
export class ByteOffsets {
  /** Bytes of input in front of the text. */
  private start: number;
  /** The latest index that was asked for, with the bytes in front of it: counting continues from there, forwards or back. */
  private counted = { index: 0, bytes: 0 };
  private gaps = new Gaps();
  /** Of hosts that were shortened. */
  private shortened = new Gaps();
  private readonly bytes: (text: string) => number;

  /** `bytes`: returns the bytes of input that a text was decoded from; `start`: byte offset of the first character. */
  constructor(bytes: (text: string) => number, start: number) {
    this.bytes = bytes;
    this.start = start;
  }

  of(text: string, index: number): number {
    const bytes = this.bytesBefore(text, index);
    this.counted = { index, bytes };
    return this.start + bytes + this.gaps.bytesBefore(index) + this.shortened.bytesBefore(index);
  }

  /** Counts backwards, too, because indexes are asked for nearly in order. */
  private bytesBefore(text: string, index: number): number {
    const { counted } = this;
    if (index >= counted.index) return counted.bytes + this.bytes(text.slice(counted.index, index));
    return index < counted.index - index ? this.bytes(text.slice(0, index)) : counted.bytes - this.bytes(text.slice(index, counted.index));
  }

  /** Notes that `cut` was removed in front of an index. */
  addCut(index: number, cut: string): void {
    this.gaps.add(index, this.bytes(cut));
  }

  /** The same for a part of a host that is left out. */
  addShortened(index: number, cut: string): void {
    this.shortened.add(index, this.bytes(cut));
  }

  isShortened(start: number, end: number): boolean {
    return this.shortened.countWithin(start, end) > 0;
  }

  /** How many cuts lie within a part of the text. */
  cutsWithin(start: number, end: number): number {
    return this.gaps.countWithin(start, end);
  }

  /** Moves the beginning of the text to `index`. */
  moveTo(text: string, index: number): void {
    this.start = this.of(text, index);
    this.counted = { index: 0, bytes: 0 };
    this.gaps = this.gaps.from(index);
    this.shortened = this.shortened.from(index);
  }

  /** Skips bytes that another reader has read, in front of the text. */
  skip(bytes: number): void {
    this.start += bytes;
  }
}
