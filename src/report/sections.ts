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
  return [findings, changes, ports, certificates, hosts].map((section) => section(facts));
}

function findings(facts: ReportFacts): Section {
  const { unconfirmed } = facts.totals;
  const notes = unconfirmed === 0 ? [] : [notListedText(unconfirmed)];
  return section(facts, { id: 'findings', title: 'Weaknesses', empty: 'No weakness is known.', notes }, facts.findings, [
    ['Severity', ({ level, severity }) => ({ text: level, order: severity, kind: 'level' })],
    HOST,
    PORT,
    ['Weakness', ({ title }) => ({ text: title })],
    ['What to do', ({ remedy }) => ({ text: remedy })],
    ['Since', ({ since }) => short(day(since), since)],
  ]);
}

function changes(facts: ReportFacts): Section {
  const notes = facts.baselines.rows.map((row) => baselineNote(row, hasSites(facts)));
  return section(facts, { id: 'changes', title: 'Changes', empty: 'Nothing changed, as far as was looked.', notes }, facts.changes, [
    ['Time', ({ time }) => short(minute(time), time)],
    ['Change', ({ action }) => ({ text: action })],
    HOST,
    PORT,
    ['What', ({ message }) => ({ text: message })],
  ]);
}

function ports(facts: ReportFacts): Section {
  const hasProtocols = facts.totals.openProtocols > 0;
  const title = hasProtocols ? 'Open ports and protocols' : 'Open ports';
  return section(facts, { id: 'ports', title, empty: 'No open port is known.', notes: hasProtocols ? [PROTOCOLS] : [] }, facts.ports, [
    HOST,
    ['Name', ({ name }) => ({ text: name })],
    ['Port', ({ port }) => short(port, Number.parseInt(port, 10))],
    ['Service', ({ service }) => ({ text: service })],
    ['Open since', ({ since }) => short(day(since), since)],
    LAST_SEEN,
  ]);
}

const PROTOCOLS =
  'A protocol is one of IP itself that answers, as nmap -sO asks for: 1/ip is ICMP, 47/ip is GRE. It has no ports and is counted by itself';

function certificates(facts: ReportFacts): Section {
  return section(facts, { id: 'certificates', title: 'Certificates', empty: 'No certificate is known.' }, facts.certificates, [
    ['Ends', ({ notAfter }) => short(day(notAfter), notAfter)],
    ['', ({ notAfter }) => short(daysFrom(facts.made, notAfter), notAfter)],
    HOST,
    PORT,
    ['Subject', ({ subject }) => ({ text: subject })],
  ]);
}

function hosts(facts: ReportFacts): Section {
  return section(facts, { id: 'hosts', title: 'Hosts', empty: 'No host is known.' }, facts.hosts, [
    HOST,
    ['Name', ({ name }) => ({ text: name })],
    ['State', ({ state }) => ({ text: state })],
    ['Open ports', ({ openPorts }) => ({ text: String(openPorts), order: openPorts })],
    ['Weaknesses', ({ findings: count }) => ({ text: String(count), order: count })],
    ['Worst', ({ worst = '' }) => ({ text: worst, kind: 'level' })],
    ['Operating system', ({ os }) => ({ text: os })],
    ['MAC', ({ mac }) => ({ text: mac })],
    ['First seen', ({ firstSeen }) => short(day(firstSeen), firstSeen)],
    LAST_SEEN,
  ]);
}

type Column<T> = readonly [heading: string, cell: (row: T) => Cell];

const HOST: Column<{ readonly host: string }> = ['Host', ({ host }) => ({ text: host, kind: 'host' })];
const PORT: Column<{ readonly port: string }> = ['Port', ({ port }) => short(port)];
const SITE: Column<{ readonly site: string }> = ['Site', ({ site }) => ({ text: site })];
const LAST_SEEN: Column<{ readonly lastSeen: number | undefined }> = ['Last seen', ({ lastSeen }) => short(minute(lastSeen), lastSeen)];

/** With several sites, each host has its site beside it. */
function section<T extends { readonly site: string }>(
  facts: ReportFacts,
  about: Pick<Section, 'id' | 'title' | 'empty'> & { readonly notes?: readonly string[] },
  list: Bounded<T>,
  columns: readonly Column<T>[],
): Section {
  const all = hasSites(facts) ? columns.flatMap((column) => (column[0] === HOST[0] ? [column, SITE] : [column])) : columns;
  const notes = [...(about.notes ?? []), leftOutText(list, about.title.toLowerCase())].filter((note) => note !== '');
  const rows = list.rows.map((row) => all.map(([, cell]) => cell(row)));
  return { ...about, columns: all.map(([heading]) => heading), rows, total: list.total, notes };
}

/** The same address may be another host at another site. */
function hasSites({ sites }: ReportFacts): boolean {
  return sites.length > 1;
}

/** A cell that is never wrapped. */
function short(text: string, order?: number): Cell {
  return { text, order, kind: 'short' };
}
