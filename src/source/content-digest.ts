import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** Of the bytes of a file; undefined when it cannot be read to its end. */
export async function contentDigest(path: string | Buffer, signal: AbortSignal): Promise<string | undefined> {
  const sum = createHash('sha256');
  try {
    for await (const piece of createReadStream(path, { signal })) sum.update(piece as Uint8Array);
    return sum.digest('hex').slice(0, 32);
  } catch {
    return undefined;
  }
}
