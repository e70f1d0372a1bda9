/** A part of the input in which no scan goes on: a hole of a sparse file, zeros without an end. */
export class Hole extends Error {}

/** `<`, in each encoding that XML knows but EBCDIC. */
const OPENING = 0x3c;
/** Bytes without it, after which none is expected. What nmap writes has one in each line, and compressed data by chance. */
const MOST = 1 << 27;

/**
 * Passes chunks on, and throws a {@link Hole} after 128 MiB without any `<`. A sparse file of 15 TB occupies 8 KB of a disk, and reading it
 * would take days.
 */
export async function* withoutHoles(chunks: AsyncIterable<Uint8Array>, most = MOST): AsyncGenerator<Uint8Array, void, undefined> {
  let [read, last] = [0, 0];
  for await (const chunk of chunks) {
    const at = chunk.lastIndexOf(OPENING);
    if (at !== -1) last = read + at;
    read += chunk.length;
    if (read - last > most) throw new Hole(`behind byte ${last} are ${Math.round(most / (1 << 20))} MiB without an element`);
    yield chunk;
  }
}
