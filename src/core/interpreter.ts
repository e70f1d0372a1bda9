import { closeSync, constants, openSync, readSync, statSync } from 'node:fs';

/** What the kernel reads of a first line (execve(2)). */
const FIRST_LINE_BYTES = 256;

/** The words behind `#!`. */
export function interpreterOf(file: string): readonly string[] {
  const first = firstLine(file);
  return first.startsWith('#!')
    ? first
        .slice(2)
        .split(/[ \t]+/)
        .filter((word) => word !== '')
    : [];
}

function firstLine(file: string): string {
  try {
    if (!statSync(file).isFile()) return '';
    const handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const bytes = Buffer.alloc(FIRST_LINE_BYTES);
      const [line = ''] = bytes.toString('latin1', 0, readSync(handle, bytes, 0, bytes.length, 0)).split('\n');
      return line;
    } finally {
      closeSync(handle);
    }
  } catch {
    // What may be run need not be for us to read.
    return '';
  }
}
