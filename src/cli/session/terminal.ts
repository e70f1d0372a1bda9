import type { Writable } from 'node:stream';
import { systemClock } from '../../core/clock.ts';
import type { PortlogError } from '../../core/errors.ts';
import { inert, printable } from '../../event/text.ts';
import { SinkError } from '../../sink/sink.ts';
import { write } from '../../sink/stdout/stdout.ts';
import { type LogEntry, type LogFormat, logLines } from './log-line.ts';

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

/** What portlog says. Errors and warnings always, news unless quiet, steps when verbose. */
export class Speaker {
  private readonly stderr: Terminal['stderr'];
  private readonly level: Level;
  readonly format: LogFormat;
  /** A progress line stands on the terminal and must go before the next line. */
  private transient = false;

  constructor(stderr: Terminal['stderr'], level: Level, format: LogFormat = 'text') {
    this.stderr = stderr;
    this.level = level;
    this.format = format;
  }

  error({ message, hint, code }: Pick<PortlogError, 'message' | 'hint'> & { readonly code?: string }): void {
    this.write({ severity: 'error', message, hint, code });
  }

  warn(text: string): void {
    this.write({ severity: 'warning', message: text });
  }

  say(text: string): void {
    if (this.level !== 'quiet') this.write({ severity: 'info', message: text });
  }

  detail(text: string): void {
    if (this.level === 'verbose') this.write({ severity: 'debug', message: text });
  }

  /** One line that the next one overwrites; only on a terminal, where people read. */
  progress(text: string): void {
    if (this.level === 'quiet' || this.stderr.isTTY !== true || this.format === 'json') return;
    this.stderr.write(`\r\u001B[K${printable(text)}`);
    this.transient = true;
  }

  raw(text: string): void {
    this.clear();
    this.stderr.write(inert(text));
  }

  private write(entry: LogEntry): void {
    this.clear();
    this.stderr.write(logLines(this.format, entry, systemClock.now()));
  }

  private clear(): void {
    if (this.transient) this.stderr.write('\r\u001B[K');
    this.transient = false;
  }
}
