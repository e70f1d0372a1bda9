import type { Writable } from 'node:stream';
import { withoutControls, printable } from '../../event/text.ts';
import { SinkError } from '../../sink/sink.ts';
import { write } from '../../sink/stdout/stdout.ts';

/** Where a command talks: events to stdout, everything else to stderr. */
export interface Terminal {
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly stdin: NodeJS.ReadStream;
}

/** What a command that ships nothing prints, whatever strangers and servers have put into it; false when nobody reads it any more, which is no error. */
export async function print({ stdout }: Pick<Terminal, 'stdout'>, text: string): Promise<boolean> {
  try {
    if (text !== '') await write(stdout, withoutControls(text));
    return true;
  } catch (error) {
    if (error instanceof SinkError && error.kind === 'closed') return false;
    throw error;
  }
}

/** Lines in which strangers and servers may have a word: nothing in them that a terminal would obey. */
export async function printLines(terminal: Pick<Terminal, 'stdout'>, lines: readonly string[]): Promise<boolean> {
  return print(terminal, lines.map((line) => `${printable(line)}\n`).join(''));
}
