import type { InventoryRow } from '../../../change/inventory.ts';
import { csvHeading, csvLine } from '../../../report/csv.ts';
import { minute } from '../../../report/text.ts';
import { isoOrNull, tableLine } from './cells.ts';

/** An output format: heading and rows. */
export interface RowFormat {
  readonly heading: string;
  row(row: InventoryRow): string;
}

const WIDTHS = [10, 32, 10, 14, 16, 16] as const;
const COLUMNS = [
  'site',
  'host',
  'ip',
  'name',
  'mac',
  'os',
  'host_state',
  'host_first_seen',
  'host_last_seen',
  'port',
  'transport',
  'state',
  'service',
  'version',
  'certificate_subject',
  'certificate_fingerprint',
  'certificate_not_after',
  'first_seen',
  'last_seen',
  'last_tested',
  'since',
] as const;

export const ROW_FORMATS: Readonly<Record<'table' | 'json' | 'csv', RowFormat>> = {
  table: { heading: tableLine(['SITE', 'HOST', 'PORT', 'STATE', 'SINCE', 'LAST SEEN', 'SERVICE'], WIDTHS), row: tableRow },
  json: { heading: '', row: (row) => `${JSON.stringify(flat(row))}\n` },
  csv: { heading: csvHeading(COLUMNS), row: csvRow },
};

function tableRow({ site, host, name, hostState, hostLastSeen, hostSince, port }: InventoryRow): string {
  const label = name === undefined || name === host ? host : `${host} (${name})`;
  if (port === undefined) return tableLine([site, label, '-', hostState, minute(hostSince), minute(hostLastSeen), ''], WIDTHS);
  const state = hostState === 'down' ? `${port.state}, host down` : port.state;
  const service = [port.service, port.version].filter((word) => word !== undefined).join(' ');
  const lastOpen = port.lastSeen === undefined ? 'never open' : minute(port.lastSeen);
  return tableLine([site, label, `${port.number}/${port.transport}`, state, minute(port.since), lastOpen, service], WIDTHS);
}

function csvRow(row: InventoryRow): string {
  const cells = flat(row);
  return csvLine(COLUMNS.map((column) => cells[column]));
}

/** A flat JSON object; every row has the same members. */
function flat({ port, ips, ...row }: InventoryRow): Readonly<Record<(typeof COLUMNS)[number], string | number | null>> {
  return {
    site: row.site,
    host: row.host,
    ip: ips.join(' '),
    name: row.name ?? null,
    mac: row.mac ?? null,
    os: row.os ?? null,
    host_state: row.hostState,
    host_first_seen: isoOrNull(row.hostFirstSeen),
    host_last_seen: isoOrNull(row.hostLastSeen),
    port: port?.number ?? null,
    transport: port?.transport ?? null,
    state: port?.state ?? null,
    service: port?.service ?? null,
    version: port?.version ?? null,
    certificate_subject: port?.certificate?.subject ?? null,
    certificate_fingerprint: port?.certificate?.fingerprint ?? null,
    certificate_not_after: port?.certificate?.notAfter ?? null,
    first_seen: isoOrNull(port?.firstSeen),
    last_seen: isoOrNull(port?.lastSeen),
    last_tested: isoOrNull(port?.lastTested),
    since: isoOrNull(port === undefined ? row.hostSince : port.since),
  };
}
