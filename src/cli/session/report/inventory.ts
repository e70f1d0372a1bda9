import type { InventoryRow } from '../../../change/inventory.ts';
import { printable } from '../../../event/text.ts';
import { isoTime } from '../../../event/time.ts';
import { csvHeading, csvLine } from '../../../report/csv.ts';

/** An output format: heading and rows. */
export interface RowFormat {
  readonly heading: string;
  row(row: InventoryRow): string;
}

const WIDTHS = [10, 32, 10, 14, 16, 16] as const;

export const ROW_FORMATS: Readonly<Record<string, RowFormat>> = {
  table: { heading: tableLine(['SITE', 'HOST', 'PORT', 'STATE', 'SINCE', 'LAST SEEN', 'SERVICE']), row: tableRow },
  json: { heading: '', row: (row) => `${JSON.stringify(flat(row))}\n` },
  csv: { heading: csvHeading(Object.keys(flat(EMPTY()))), row: (row) => csvLine(Object.values(flat(row))) },
};

function tableRow({ site, host, name, hostState, hostLastSeen, hostSince, port }: InventoryRow): string {
  const label = name === undefined || name === host ? host : `${host} (${name})`;
  if (port === undefined) return tableLine([site, label, '-', hostState, minute(hostSince), minute(hostLastSeen), '']);
  const state = hostState === 'down' ? `${port.state}, host down` : port.state;
  const service = [port.service, port.version].filter((word) => word !== undefined).join(' ');
  return tableLine([
    site,
    label,
    `${port.number}/${port.transport}`,
    state,
    minute(port.since),
    port.lastSeen === undefined ? 'never open' : minute(port.lastSeen),
    service,
  ]);
}

function tableLine(cells: readonly string[]): string {
  return `${cells
    .map((cell, i) => printable(cell).padEnd(WIDTHS[i] ?? 0))
    .join(' ')
    .trimEnd()}\n`;
}

/** A flat JSON object; every row has the same members. */
function flat({ port, ips, ...row }: InventoryRow): Readonly<Record<string, string | number | null>> {
  return {
    site: row.site,
    host: row.host,
    ip: ips.join(' '),
    name: row.name ?? null,
    mac: row.mac ?? null,
    os: row.os ?? null,
    host_state: row.hostState,
    host_first_seen: iso(row.hostFirstSeen),
    host_last_seen: iso(row.hostLastSeen),
    port: port?.number ?? null,
    transport: port?.transport ?? null,
    state: port?.state ?? null,
    service: port?.service ?? null,
    version: port?.version ?? null,
    certificate_subject: port?.certificate?.subject ?? null,
    certificate_fingerprint: port?.certificate?.fingerprint ?? null,
    certificate_not_after: port?.certificate?.notAfter ?? null,
    first_seen: iso(port?.firstSeen),
    last_seen: iso(port?.lastSeen),
    last_tested: iso(port?.lastTested),
    since: iso(port === undefined ? row.hostSince : port.since),
  };
}

function iso(time: number | undefined): string | null {
  return time === undefined ? null : isoTime(time);
}

/** `2026-01-31 12:00`, in UTC. */
function minute(time: number | undefined): string {
  return time === undefined ? '' : isoTime(time).slice(0, 16).replace('T', ' ');
}

function EMPTY(): InventoryRow {
  const none = undefined;
  return {
    site: '',
    host: '',
    ips: [],
    name: none,
    mac: none,
    os: none,
    hostState: 'unknown',
    hostFirstSeen: none,
    hostLastSeen: none,
    hostSince: none,
    port: none,
  };
}
