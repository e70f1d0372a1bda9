import type { Writable } from 'node:stream';
import type { PortlogError } from '../../core/errors.ts';
import { inert, printable } from '../../event/text.ts';
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
    if (text !== '') await write(stdout, inert(text));
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

export type Level = 'quiet' | 'normal' | 'verbose';

/** What portlog says to people. Errors always, news unless quiet, steps when verbose. */
export class Speaker {
  private readonly stderr: Terminal['stderr'];
  private readonly level: Level;
  /** A progress line stands on the terminal and must go before the next line. */
  private transient = false;

  constructor(stderr: Terminal['stderr'], level: Level) {
    this.stderr = stderr;
    this.level = level;
  }

  error(error: Pick<PortlogError, 'message' | 'hint'>): void {
    for (const line of error.message.split('\n')) this.line(line);
    if (error.hint !== undefined) this.line(`  → ${error.hint}`);
  }

  warn(text: string): void {
    this.line(text);
  }

  say(text: string): void {
    if (this.level !== 'quiet') this.line(text);
  }

  detail(text: string): void {
    if (this.level === 'verbose') this.line(text);
  }

  /** One line that the next one overwrites; only on a terminal. */
  progress(text: string): void {
    if (this.level === 'quiet' || this.stderr.isTTY !== true) return;
    this.stderr.write(`\r\u001B[K${printable(text)}`);
    this.transient = true;
  }

  raw(text: string): void {
    this.clear();
    this.stderr.write(inert(text));
  }

  private line(text: string): void {
    this.clear();
    this.stderr.write(`portlog: ${printable(text)}\n`);
  }

  private clear(): void {
    if (this.transient) this.stderr.write('\r\u001B[K');
    this.transient = false;
  }
}
