import type { Batch, Encoded } from '../sink.ts';

/** An event's body from its parts; delivery sizes batches by `bytes`. */
export function encoded(parts: readonly string[], partition = ''): Encoded {
  let bytes = 0;
  for (const part of parts) bytes += Buffer.byteLength(part);
  return { parts, bytes, partition };
}

/**
 * The concatenated bodies of a batch, written part by part into one buffer: joining them to a string first copies everything twice more, a
 * fifth of the time that shipping a file takes.
 */
export function batchBody(batch: Batch, scratch: BufferPool): Buffer {
  const buffer = scratch.acquire(batch.bytes);
  let at = 0;
  for (const { parts } of batch.entries) at = writeParts(buffer, parts, at);
  return buffer.subarray(0, at);
}

/** Writes texts one after the other, starting at `at`; returns the index behind them. */
export function writeParts(buffer: Buffer, parts: readonly string[], at: number): number {
  let end = at;
  for (const part of parts) end += buffer.write(part, end);
  return end;
}

/** Buffers that are used again: new ones for each request accumulate faster than they are collected (60 MB at a time). */
export class BufferPool {
  private readonly bytes: number;
  private readonly free: Buffer[] = [];

  /** `bytes`: of each buffer. */
  constructor(bytes: number) {
    this.bytes = bytes;
  }

  acquire(bytes: number): Buffer {
    return bytes > this.bytes ? Buffer.allocUnsafeSlow(bytes) : (this.free.pop() ?? Buffer.allocUnsafeSlow(this.bytes));
  }

  /** Returns a buffer, or a part of one, that nobody reads any more. */
  release({ buffer, byteOffset }: Buffer): void {
    if (buffer.byteLength === this.bytes && byteOffset === 0) this.free.push(Buffer.from(buffer as ArrayBuffer));
  }
}
