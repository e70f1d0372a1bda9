import type { Bounded, ReportFacts } from './facts.ts';
import { baselineNote, day, daysFrom, leftOutText, minute, notListedText } from './text.ts';

export interface Cell {
  readonly text: string;
  /** Sort key, when cells are not sorted by their text. */
  readonly order?: number | undefined;
  readonly kind?: 'host' | 'level' | 'short';
}

/** A table of a report: the same in every format. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  readonly total: number;
  /** Text instead of an empty table. */
  readonly empty: string;
  /** Sentences before the table; they may contain untrusted text. */
  readonly notes: readonly string[];
}

/** The tables of a report, in reading order. */
export function sections(facts: ReportFacts): readonly Section[] {
  const { changes, baselines, findings, certificates, ports, hosts, made, totals, sites } = facts;
  /** The same address may be another host at another site. */
  const hasSites = sites.length > 1;
  const section = sectionWith(hasSites);
  return [
    section(
      'findings',
      'Weaknesses',
      ['Severity', 'Host', 'Port', 'Weakness', 'What to do', 'Since'],
      findings,
      'No weakness is known.',
      (row) => [
        { text: row.level, order: row.severity, kind: 'level' },
        { text: row.host, kind: 'host' },
        short(row.port),
        { text: row.title },
        { text: row.remedy },
        short(day(row.since), row.since),
      ],
      totals.unconfirmed === 0 ? [] : [notListedText(totals.unconfirmed)],
    ),
    section(
      'changes',
      'Changes',
      ['Time', 'Change', 'Host', 'Port', 'What'],
      changes,
      'Nothing changed, as far as was looked.',
      (row) => [short(minute(row.time), row.time), { text: row.action }, { text: row.host, kind: 'host' }, short(row.port), { text: row.message }],
      baselines.rows.map((row) => baselineNote(row, hasSites)),
    ),
    section(
      'ports',
      totals.openProtocols === 0 ? 'Open ports' : 'Open ports and protocols',
      ['Host', 'Name', 'Port', 'Service', 'Open since', 'Last seen'],
      ports,
      'No open port is known.',
      (row) => [
        { text: row.host, kind: 'host' },
        { text: row.name },
        short(row.port, Number.parseInt(row.port, 10)),
        { text: row.service },
        short(day(row.since), row.since),
        short(minute(row.lastSeen), row.lastSeen),
      ],
      totals.openProtocols === 0 ? [] : [PROTOCOLS],
    ),
    section('certificates', 'Certificates', ['Ends', '', 'Host', 'Port', 'Subject'], certificates, 'No certificate is known.', (row) => [
      short(day(row.notAfter), row.notAfter),
      short(daysFrom(made, row.notAfter), row.notAfter),
      { text: row.host, kind: 'host' },
      short(row.port),
      { text: row.subject },
    ]),
    section(
      'hosts',
      'Hosts',
      ['Host', 'Name', 'State', 'Open ports', 'Weaknesses', 'Worst', 'Operating system', 'MAC', 'First seen', 'Last seen'],
      hosts,
      'No host is known.',
      (row) => [
        { text: row.host, kind: 'host' },
        { text: row.name },
        { text: row.state },
        { text: String(row.openPorts), order: row.openPorts },
        { text: String(row.findings), order: row.findings },
        { text: row.worst ?? '', kind: 'level' },
        { text: row.os },
        { text: row.mac },
        short(day(row.firstSeen), row.firstSeen),
        short(minute(row.lastSeen), row.lastSeen),
      ],
    ),
  ];
}

const PROTOCOLS =
  'A protocol is one of IP itself that answers, as nmap -sO asks for: 1/ip is ICMP, 47/ip is GRE. It has no ports and is counted by itself';

type SectionMaker = <T extends { readonly site: string }>(
  id: string,
  title: string,
  columns: readonly string[],
  list: Bounded<T>,
  empty: string,
  cells: (row: T) => readonly Cell[],
  notes?: readonly string[],
) => Section;

/** Makes sections; with several sites, each host has its site beside it. */
function sectionWith(hasSites: boolean): SectionMaker {
  return (id, title, columns, list, empty, cells, notes = []) => {
    const behindHost = columns.indexOf('Host') + 1;
    const withSite = <E>(all: readonly E[], site: E): readonly E[] => (hasSites ? all.toSpliced(behindHost, 0, site) : all);
    const rows = list.rows.map((row) => withSite(cells(row), { text: row.site }));
    const sentences = [...notes, leftOutText(list, title.toLowerCase())].filter((note) => note !== '');
    return { id, title, columns: withSite(columns, 'Site'), rows, total: list.total, empty, notes: sentences };
  };
}

/** A cell that is never wrapped. */
function short(text: string, order?: number): Cell {
  return { text, order, kind: 'short' };
}
