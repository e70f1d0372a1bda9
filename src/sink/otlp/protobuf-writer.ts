/** Writes a protobuf message field by field, https://protobuf.dev/programming-guides/encoding/ */
export class ProtobufWriter {
  private bytes = Buffer.allocUnsafe(64 << 10);
  private end = 0;

  /** The bytes written so far. */
  written(): Buffer {
    return this.bytes.subarray(0, this.end);
  }

  text(field: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.tag(field, 2);
    this.varint(BigInt(length));
    this.room(length);
    this.end += this.bytes.write(value, this.end);
  }

  raw(field: number, value: Buffer): void {
    this.message(field, () => {
      this.room(value.length);
      this.end += value.copy(this.bytes, this.end);
    });
  }

  /** An integer, boolean or enumeration. */
  integer(field: number, value: bigint): void {
    this.tag(field, 0);
    this.varint(BigInt.asUintN(64, value));
  }

  double(field: number, value: number): void {
    this.tag(field, 1);
    this.room(8);
    this.end = this.bytes.writeDoubleLE(value, this.end);
  }

  fixed64(field: number, value: bigint): void {
    this.tag(field, 1);
    this.room(8);
    this.end = this.bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.end);
  }

  fixed32(field: number, value: number): void {
    this.tag(field, 5);
    this.room(4);
    this.end = this.bytes.writeUInt32LE(value >>> 0, this.end);
  }

  /** A nested message, which follows its length. One byte is reserved for the length, and longer messages are moved. */
  message(field: number, write: () => void): void {
    this.tag(field, 2);
    this.room(1);
    const start = ++this.end;
    write();
    const length = this.end - start;
    const more = Math.max(0, Math.ceil((32 - Math.clz32(length)) / 7) - 1);
    this.room(more);
    this.bytes.copyWithin(start + more, start, this.end);
    this.end = start - 1;
    this.varint(BigInt(length));
    this.end += length;
  }

  private tag(field: number, wireType: number): void {
    this.room(1);
    // A tag of one byte, for field numbers up to 15; larger ones are not needed.
    this.bytes[this.end++] = (field << 3) | wireType;
  }

  private varint(value: bigint): void {
    this.room(10);
    let left = value;
    for (; left > 0x7fn; left >>= 7n) this.bytes[this.end++] = Number(left & 0x7fn) | 0x80;
    this.bytes[this.end++] = Number(left);
  }

  private room(bytes: number): void {
    if (this.end + bytes <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.end + bytes));
    this.bytes.copy(larger, 0, 0, this.end);
    this.bytes = larger;
  }
}
