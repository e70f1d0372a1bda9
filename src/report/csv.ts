import { printable } from '../event/text.ts';

/** The beginning of a formula for a spreadsheet (also in full width), at the start of the text or behind a possible cell separator. */
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
 * Untrusted text: every cell is quoted, control characters are escaped, and formulas get an apostrophe:
 * https://owasp.org/www-community/attacks/CSV_Injection
 */
function csvCell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = printable(value).replace(FORMULA, "$1'$2$3");
  return `"${safe.replaceAll('"', '""')}"`;
}
