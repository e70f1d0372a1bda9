/** A named stream of bytes that should be a scan. */
export interface Source {
  /** Name for people: the path, `standard input`, `nmap`. */
  readonly name: string;
  /** Unread bytes are lost: it cannot be read again. */
  readonly live: boolean;
  /** Bytes as they come, decompressed; a chunk holds only until the next one is asked for. Throws a PortlogError when they cannot be read (further). */
  bytes(signal: AbortSignal): AsyncIterable<Uint8Array>;
}
