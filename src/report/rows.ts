import { jsonWithoutControls } from '../event/text.ts';
import { isoTime } from '../event/time.ts';
import { csvHeading, csvLine } from './csv.ts';
import type { ReportFacts } from './facts.ts';

const COLUMNS = ['kind', 'site', 'host', 'name', 'port', 'state', 'level', 'rule', 'what', 'remedy', 'time', 'last_seen'] as const;
type Row = Readonly<Partial<Record<(typeof COLUMNS)[number], string>>>;

/** Every row of a report, of all its tables, with the same columns. */
export function* csv(facts: ReportFacts): Generator<string> {
  yield csvHeading(COLUMNS);
  for (const row of rows(facts)) yield csvLine(COLUMNS.map((column) => row[column] ?? null));
}

/** The facts as one document; times in ISO 8601. */
export function* json(facts: ReportFacts): Generator<string> {
  const times = new Set(['made', 'since', 'seen', 'time', 'notAfter', 'firstSeen', 'lastSeen']);
  const text = JSON.stringify(facts, (name, value: unknown) => (times.has(name) && typeof value === 'number' ? isoTime(value) : value), 2);
  yield `${jsonWithoutControls(text)}
`;
}

function* rows({ gaps, changes, baselines, findings, certificates, ports, hosts }: ReportFacts): Generator<Row> {
  for (const what of gaps) yield { kind: 'gap', what };
  for (const { site, host, name, port, level, rule, title, remedy, since } of findings.rows)
    yield { kind: 'weakness', site, host, name, port, level, rule, what: title, remedy, time: iso(since) };
  for (const { action, time, message, ...row } of changes.rows) yield { kind: action, ...row, what: message, time: iso(time) };
  for (const { time, site, message } of baselines.rows) yield { kind: 'baseline', site, what: message, time: iso(time) };
  for (const { since, lastSeen, service, ...row } of ports.rows)
    yield { kind: 'port', ...row, what: service, time: iso(since), last_seen: iso(lastSeen) };
  for (const { subject, notAfter, ...row } of certificates.rows) yield { kind: 'certificate', ...row, what: subject, time: iso(notAfter) };
  for (const { site, host, name, state, os, worst, firstSeen, lastSeen } of hosts.rows)
    yield { kind: 'host', site, host, name, state, level: worst ?? '', what: os, time: iso(firstSeen), last_seen: iso(lastSeen) };
}

function iso(time: number | undefined): string {
  return time === undefined ? '' : isoTime(time);
}
