/** Positions where something was cut out of a text, with the bytes of input that it was. */
export class Gaps {
  /** In order: the index of the character behind it, and the sum of bytes up to it. */
  private readonly indexes: number[] = [];
  private readonly sums: number[] = [];

  /** Adds a gap after all others. */
  add(index: number, bytes: number): void {
    this.indexes.push(index);
    this.sums.push((this.sums.at(-1) ?? 0) + bytes);
  }

  /** Bytes that were cut out in front of a character. */
  bytesBefore(index: number): number {
    return this.sums[this.countBefore(index) - 1] ?? 0;
  }

  /** How often something was cut out of a part of the text. */
  countWithin(start: number, end: number): number {
    return this.indexes.length === 0 ? 0 : this.countBefore(end) - this.countBefore(start);
  }

  /** The gaps of the text that begins at `position`. */
  from(position: number): Gaps {
    if (this.indexes.length === 0) return this;
    const rest = new Gaps();
    for (let i = this.countBefore(position); i < this.indexes.length; i++)
      rest.add((this.indexes[i] as number) - position, (this.sums[i] as number) - (this.sums[i - 1] ?? 0));
    return rest;
  }

  private countBefore(index: number): number {
    let [low, high] = [0, this.indexes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.indexes[middle] as number) < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
