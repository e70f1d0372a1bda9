import { clipBytes, jsonWithoutControls, printable } from '../../event/text.ts';

type Severity = 'error' | 'warning' | 'info' | 'debug';

/** `text`: for people. `journal`: with the priority before it that journald takes off again. `json`: an object a line, for machines. */
export type LogFormat = 'text' | 'journal' | 'json';

export interface LogEntry {
  readonly severity: Severity;
  /** Strangers and servers may have a word in it. */
  readonly message: string;
  readonly hint?: string | undefined;
  /** Of an error: docs/reference/errors.md. */
  readonly code?: string | undefined;
}

/** https://www.freedesktop.org/software/systemd/man/latest/sd-daemon.html */
const PRIORITY: Readonly<Record<Severity, number>> = { error: 3, warning: 4, info: 6, debug: 7 };

/** Of one line, before escapes: room for the longest path, and no scan or server fills a journal with one sentence. */
const MAX_LINE_BYTES = 8192;

/** An entry as it is written to standard error, with the ends of its lines; nothing in it that a terminal would obey. `now`: epoch milliseconds. */
export function logLines(format: LogFormat, entry: LogEntry, now: number): string {
  if (format === 'json') return jsonLine(entry, now);
  const { severity, message, hint } = entry;
  const lines = [...message.split('\n'), ...(hint === undefined ? [] : [`  → ${hint}`])];
  // journald writes the name of the program itself.
  const before = format === 'journal' ? `<${PRIORITY[severity]}>` : 'portlog: ';
  return lines.map((line) => `${before}${shown(line)}\n`).join('');
}

function jsonLine({ severity, message, hint, code }: LogEntry, now: number): string {
  const said = { message: shown(oneLine(message)), hint: hint && shown(oneLine(hint)) };
  const object = { time: new Date(now).toISOString(), level: severity, ...said, code };
  return `${jsonWithoutControls(JSON.stringify(object))}\n`;
}

/** A line without what a terminal would obey; of one that is too long its beginning, and how much is left out. */
function shown(line: string): string {
  const start = clipBytes(line, MAX_LINE_BYTES);
  if (start === line) return printable(line);
  return `${printable(start)}… (${Buffer.byteLength(line) - Buffer.byteLength(start)} more bytes)`;
}

function oneLine(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '').join(' ');
}
