import { createHash } from 'node:crypto';
import { openRegular } from '../core/open-regular.ts';
import { withoutHoles } from './holes.ts';

/** SHA-256 of the bytes of a file in a directory where others may write, shortened; undefined when it cannot be read to its end. */
export async function contentDigest(path: string | Buffer, signal: AbortSignal): Promise<string | undefined> {
  const sum = createHash('sha256');
  try {
    // Closes the file at its end, or when the signal aborts.
    const bytes = (await openRegular(path)).createReadStream({ signal });
    for await (const piece of withoutHoles(bytes)) sum.update(piece);
    return sum.digest('hex').slice(0, 32);
  } catch {
    return undefined;
  }
}
