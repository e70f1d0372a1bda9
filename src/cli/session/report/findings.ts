import { printable } from '../../../event/text.ts';
import { isoTime } from '../../../event/time.ts';
import { csvHeading, csvLine } from '../../../report/csv.ts';
import type { FindingFact } from '../../../report/facts.ts';

/** An output format for findings: heading and rows. */
interface FindingFormat {
  readonly heading: string;
  row(finding: FindingFact): string;
}

const WIDTHS = [9, 10, 16, 10, 11] as const;

export const FINDING_FORMATS: Readonly<Record<string, FindingFormat>> = {
  table: {
    heading: line(['SEVERITY', 'SITE', 'HOST', 'PORT', 'SINCE', 'WEAKNESS']),
    row: ({ level, site, host, port, since, title }) => line([level, site, host, port === '' ? '-' : port, (iso(since) ?? '').slice(0, 10), title]),
  },
  json: { heading: '', row: (finding) => `${JSON.stringify(flat(finding))}\n` },
  csv: {
    heading: csvHeading(['site', 'host', 'port', 'severity', 'level', 'rule', 'weakness', 'remedy', 'since']),
    row: (finding) => csvLine(Object.values(flat(finding))),
  },
};

/** A flat JSON object; every row has the same members. */
function flat({ site, host, port, severity, level, rule, title, remedy, since }: FindingFact): Readonly<Record<string, string | number | null>> {
  return { site, host, port: port === '' ? null : port, severity, level, rule, weakness: title, remedy, since: iso(since) };
}

function line(cells: readonly string[]): string {
  return `${cells
    .map((cell, i) => printable(cell).padEnd(WIDTHS[i] ?? 0))
    .join(' ')
    .trimEnd()}\n`;
}

function iso(time: number | undefined): string | null {
  return time === undefined ? null : isoTime(time);
}
