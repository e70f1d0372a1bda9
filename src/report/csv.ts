import { printable } from '../event/text.ts';

/** What a spreadsheet takes for the beginning of a formula, also in full width; and what it may take for the end of a cell, as its country has it. */
const FORMULA = /(^|[;,|"'\t])(\s*)([=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/g;

/** The names of the columns, as they are. */
export function csvHeading(columns: readonly string[]): string {
  return `${columns.join(',')}\r\n`;
}

/** A line of CSV (RFC 4180); `null` is an empty cell. */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/**
 * Strangers wrote it, so every text is quoted, control characters are written out, and what a spreadsheet would run gets an
 * apostrophe: https://owasp.org/www-community/attacks/CSV_Injection
 */
function csvCell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = printable(value).replace(FORMULA, "$1'$2$3");
  return `"${safe.replaceAll('"', '""')}"`;
}
