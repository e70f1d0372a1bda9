import { clipBytes, jsonWithoutControls, printable } from '../../event/text.ts';

type Severity = 'error' | 'warning' | 'info' | 'debug';

/** `text`: for people. `journal`: with a priority prefix for journald. `json`: one object per line. */
export type LogFormat = 'text' | 'journal' | 'json';

export interface LogEntry {
  readonly severity: Severity;
  /** May contain untrusted text. */
  readonly message: string;
  readonly hint?: string | undefined;
  /** Error code, see docs/reference/errors.md. */
  readonly code?: string | undefined;
}

/** https://www.freedesktop.org/software/systemd/man/latest/sd-daemon.html */
const PRIORITY: Readonly<Record<Severity, number>> = { error: 3, warning: 4, info: 6, debug: 7 };

/** Per line, before escaping: room for the longest path, without flooding a journal. */
const MAX_LINE_BYTES = 8192;

/** Formats an entry for standard error, without control characters. `now`: epoch milliseconds. */
export function logLines(format: LogFormat, entry: LogEntry, now: number): string {
  if (format === 'json') return jsonLine(entry, now);
  const { severity, hint } = entry;
  const lines = [...linesOf(entry), ...(hint === undefined ? [] : [`  → ${hint}`])];
  // journald adds the program's name.
  const before = format === 'journal' ? `<${PRIORITY[severity]}>` : 'portlog: ';
  return lines.map((line) => `${before}${shown(line)}\n`).join('');
}

/**
 * The lines of a message: only configuration errors and stacks may have several. Any other line feed came from a file name or a server, and
 * would begin a line that looks like one of portlog's.
 */
function linesOf({ message, code }: LogEntry): readonly string[] {
  return code === 'config-invalid' ? message.split('\n') : message.split(/\n(?= {4}at )/);
}

function jsonLine({ severity, message, hint, code }: LogEntry, now: number): string {
  const entry = { message: shown(oneLine(message)), hint: hint && shown(oneLine(hint)) };
  const object = { time: new Date(now).toISOString(), level: severity, ...entry, code };
  return `${jsonWithoutControls(JSON.stringify(object))}\n`;
}

/** A line without control characters, truncated if too long. */
function shown(line: string): string {
  const start = clipBytes(line, MAX_LINE_BYTES);
  if (start === line) return printable(line);
  return `${printable(start)}… (${Buffer.byteLength(line) - Buffer.byteLength(start)} more bytes)`;
}

function oneLine(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '').join(' ');
}
