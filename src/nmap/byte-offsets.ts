import { Gaps } from './gaps.ts';

/** Byte offsets in the input of indexes of a text that was decoded from it, and that parts were cut out of. */
export class ByteOffsets {
  /** Bytes of input in front of the text. */
  private start: number;
  /** The last index that was asked for, and the bytes in front of it: counting goes on from there, forwards or back. */
  private counted = { index: 0, bytes: 0 };
  private gaps = new Gaps();
  private readonly bytes: (text: string) => number;

  /** `bytes`: how many bytes of input a text was; `start`: how many come before the first one. */
  constructor(bytes: (text: string) => number, start: number) {
    this.bytes = bytes;
    this.start = start;
  }

  of(text: string, index: number): number {
    const bytes = this.bytesBefore(text, index);
    this.counted = { index, bytes };
    return this.start + bytes + this.gaps.bytesBefore(index);
  }

  /** Back by a little, too: what is asked for comes nearly in order. */
  private bytesBefore(text: string, index: number): number {
    const { counted } = this;
    if (index >= counted.index) return counted.bytes + this.bytes(text.slice(counted.index, index));
    return index < counted.index - index ? this.bytes(text.slice(0, index)) : counted.bytes - this.bytes(text.slice(index, counted.index));
  }

  /** `cut` stood in the input in front of an index. */
  addCut(index: number, cut: string): void {
    this.gaps.add(index, this.bytes(cut));
  }

  /** How often something was cut out of a part of the text. */
  cutsWithin(start: number, end: number): number {
    return this.gaps.countWithin(start, end);
  }

  /** The text will begin at `index` of this one. */
  moveTo(text: string, index: number): void {
    this.start = this.of(text, index);
    this.counted = { index: 0, bytes: 0 };
    this.gaps = this.gaps.from(index);
  }

  /** So many bytes of input were read elsewhere, in front of the text. */
  skip(bytes: number): void {
    this.start += bytes;
  }
}
