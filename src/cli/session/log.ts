import { systemClock } from '../../core/clock.ts';
import type { PortlogError } from '../../core/errors.ts';
import { withoutControls, printable } from '../../event/text.ts';
import { type LogEntry, type LogFormat, logLines } from './log-line.ts';
import type { Terminal } from './terminal.ts';

type Level = 'quiet' | 'normal' | 'verbose';

/** Messages on standard error: errors and warnings always, information unless `--quiet`, details with `--verbose`. */
export class Log {
  private readonly stderr: Terminal['stderr'];
  private readonly level: Level;
  readonly format: LogFormat;
  /** A progress line is shown, which the next line must erase. */
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

  info(text: string): void {
    if (this.level !== 'quiet') this.write({ severity: 'info', message: text });
  }

  debug(text: string): void {
    if (this.level === 'verbose') this.write({ severity: 'debug', message: text });
  }

  /** A line that the next one overwrites; only on a terminal. */
  progress(text: string): void {
    if (this.level === 'quiet' || this.stderr.isTTY !== true || this.format === 'json') return;
    this.stderr.write(`\r\u001B[K${printable(text)}`);
    this.transient = true;
  }

  raw(text: string): void {
    this.clear();
    this.stderr.write(withoutControls(text));
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
