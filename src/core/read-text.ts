import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

const MIB = 1 << 20;
const CHUNK_BYTES = 64 << 10;
/** Somebody may have to unlock a secret by hand, whose command writes into the pipe. */
const SILENT_MS = 30_000;
const NO_WRITER_MS = 2000;
const PAUSE_MS = 20;

/**
 * The text of a file that a person names, which may be a pipe (`<(sops -d portlog.yaml)`). Throws an error with the reason in words
 * for one that is larger than `maxBytes` or never ends (a device), for a pipe without a writer, and for what is not UTF-8.
 */
export function readText(path: string, maxBytes: number): string {
  const bytes = readBounded(path, maxBytes);
  // Windows PowerShell writes that without any hint.
  if (bytes[0] === 0xff || bytes[0] === 0xfe || (bytes.length > 1 && (bytes[0] === 0 || bytes[1] === 0)))
    throw new Error('it is written in UTF-16, or is not text: save it as UTF-8');
  try {
    // Without a byte order mark.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error('there are characters in it that are not UTF-8: save it as UTF-8');
  }
}

/** {@link readText} for what may be in another encoding. */
export function readBounded(path: string, maxBytes: number): Buffer {
  // Opening a pipe would wait for a writer.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const chunks: Buffer[] = [];
    let length = 0;
    for (let chunk = nextChunk(file, true); chunk.length > 0; chunk = nextChunk(file, false)) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > maxBytes) throw new Error(`it is larger than ${maxBytes < MIB ? `${maxBytes >> 10} KiB` : `${maxBytes / MIB} MiB`}`);
    }
    return Buffer.concat(chunks);
  } finally {
    closeSync(file);
  }
}

/** Empty at the end. */
function nextChunk(file: number, isFirst: boolean): Buffer {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  const mayWait = isFirst && fstatSync(file).isFIFO();
  for (let waited = 0; ; waited += PAUSE_MS) {
    const length = readNow(file, buffer);
    if (length !== undefined && (length > 0 || !mayWait)) return buffer.subarray(0, length);
    if (waited >= (length === 0 ? NO_WRITER_MS : SILENT_MS)) throw new Error('it is a pipe or a terminal, and nothing comes out of it');
    pause();
  }
}

/** Undefined while a writer has it open but writes nothing. */
function readNow(file: number, buffer: Buffer): number | undefined {
  try {
    return readSync(file, buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}
