/** A named stream of bytes that should be a scan. */
export interface Source {
  /** As a person would name it: the path, `standard input`, `nmap`. */
  readonly name: string;
  /** What is not read now is gone: the bytes cannot be asked for again. */
  readonly live: boolean;
  /** Bytes as they come, decompressed; a chunk holds only until the next one is asked for. Throws a PortlogError when they cannot be read (further). */
  bytes(signal: AbortSignal): AsyncIterable<Uint8Array>;
}
