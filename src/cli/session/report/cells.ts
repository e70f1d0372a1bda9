import { printable } from '../../../event/text.ts';
import { isoTime } from '../../../event/time.ts';

/** A line of a table for people. Cells may contain untrusted text; those without a width are not padded. */
export function tableLine(cells: readonly string[], widths: readonly number[]): string {
  const padded = cells.map((cell, i) => printable(cell).padEnd(widths[i] ?? 0));
  return `${padded.join(' ').trimEnd()}\n`;
}

/** A time for JSON and CSV, where every row has the same members. */
export function isoOrNull(time: number | undefined): string | null {
  return time === undefined ? null : isoTime(time);
}
