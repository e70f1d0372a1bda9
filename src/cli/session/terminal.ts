import type { Writable } from 'node:stream';
import { withoutControls, printable } from '../../event/text.ts';
import { SinkError } from '../../sink/sink.ts';
import { write } from '../../sink/stdout/stdout.ts';

/** The standard streams: events and results to stdout, messages to stderr. */
export interface Terminal {
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly stdin: NodeJS.ReadStream;
}

/** Prints a result without control characters; false when the reader has gone, which is no error. */
export async function print({ stdout }: Pick<Terminal, 'stdout'>, text: string): Promise<boolean> {
  try {
    if (text !== '') await write(stdout, withoutControls(text));
    return true;
  } catch (error) {
    if (error instanceof SinkError && error.kind === 'closed') return false;
    throw error;
  }
}

/** Prints lines that may contain untrusted text, escaped. */
export async function printLines(terminal: Pick<Terminal, 'stdout'>, lines: readonly string[]): Promise<boolean> {
  return print(terminal, lines.map((line) => `${printable(line)}\n`).join(''));
}
