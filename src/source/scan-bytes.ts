import { gunzipped } from './gunzip.ts';
import { withoutHoles } from './holes.ts';

/** The bytes of a scan, plain or gzip. Throws what {@link gunzipped} and {@link withoutHoles} throw, after what could be read. */
export function scanBytes(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  // Zeros may follow a member of gzip without an end, and unpack from it.
  return withoutHoles(gunzipped(withoutHoles(chunks)));
}
