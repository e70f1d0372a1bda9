import type { Batch, Encoded } from './sink.ts';

/** An event's body from its parts; delivery sizes batches by `bytes`. */
export function encoded(parts: readonly string[], partition = ''): Encoded {
  let bytes = 0;
  for (const part of parts) bytes += Buffer.byteLength(part);
  return { parts, bytes, partition };
}

/**
 * The bodies of a batch one behind the other. Written part by part into one buffer: joining them to
 * a string first copies everything twice more, a fifth of the time that shipping a file takes.
 * `scratch` is used when it is large enough; nobody else may still be reading it.
 */
export function batchBody(batch: Batch, scratch?: Buffer): Buffer {
  const buffer = scratch !== undefined && scratch.length >= batch.bytes ? scratch : Buffer.allocUnsafe(batch.bytes);
  let at = 0;
  for (const { parts } of batch.entries) for (const part of parts) at += buffer.write(part, at);
  return buffer.subarray(0, at);
}
