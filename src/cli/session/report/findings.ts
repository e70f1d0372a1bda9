import { csvHeading, csvLine } from '../../../report/csv.ts';
import type { FindingFact } from '../../../report/facts.ts';
import { day } from '../../../report/text.ts';
import { isoOrNull, tableLine } from './cells.ts';

/** An output format for findings: heading and rows. */
interface FindingFormat {
  readonly heading: string;
  row(finding: FindingFact): string;
}

const WIDTHS = [9, 10, 16, 10, 11] as const;

export const FINDING_FORMATS: Readonly<Record<'table' | 'json' | 'csv', FindingFormat>> = {
  table: {
    heading: tableLine(['SEVERITY', 'SITE', 'HOST', 'PORT', 'SINCE', 'WEAKNESS'], WIDTHS),
    row: ({ level, site, host, port, since, title }) => tableLine([level, site, host, port === '' ? '-' : port, day(since), title], WIDTHS),
  },
  json: { heading: '', row: (finding) => `${JSON.stringify(flat(finding))}\n` },
  csv: {
    heading: csvHeading(['site', 'host', 'name', 'port', 'severity', 'level', 'rule', 'weakness', 'remedy', 'since']),
    row: (finding) => csvLine(Object.values(flat(finding))),
  },
};

/** A flat JSON object; every row has the same members. */
function flat({
  site,
  host,
  name,
  port,
  severity,
  level,
  rule,
  title,
  remedy,
  since,
}: FindingFact): Readonly<Record<string, string | number | null>> {
  return {
    site,
    host,
    name: name === '' ? null : name,
    port: port === '' ? null : port,
    severity,
    level,
    rule,
    weakness: title,
    remedy,
    since: isoOrNull(since),
  };
}
