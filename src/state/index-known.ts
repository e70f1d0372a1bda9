import { addressKey } from '../nmap/address-set.ts';
import { either, listOf, number, oneOf, optional, parsedAs, record, text } from '../core/shape.ts';
import type { SqliteHandle } from '../core/sqlite.ts';

/** Enters addresses and latest times of all known hosts into the index, by which a scan finds the hosts that it covers. */
export function indexKnown(handle: SqliteHandle): void {
  handle.exec(`
    -- place: the address of the host in sortable form; empty if it has none.
    -- latest: the latest time of any observation of the host.
    ALTER TABLE host ADD COLUMN place TEXT NOT NULL DEFAULT '';
    ALTER TABLE host ADD COLUMN latest INTEGER NOT NULL DEFAULT 0;
    -- kind: runs of one kind have the same targets, ports and options; empty for runs of earlier versions.
    ALTER TABLE scan ADD COLUMN kind TEXT NOT NULL DEFAULT '';
  `);
  const update = handle.prepare('UPDATE host SET place = ?, latest = ? WHERE site = ? AND key = ?');
  for (const { site = null, key = null, known } of handle.prepare('SELECT site, key, known FROM host').all()) {
    const host = parsedAs(known, KNOWN) as Known | undefined;
    // Damaged rows are reported when the host is read.
    if (host !== undefined) update.run(sortKeyOf(host), latestOf(host), site, key);
  }
  handle.exec(`
    CREATE INDEX host_place ON host (site, place);
    CREATE INDEX host_latest ON host (site, latest);
    CREATE INDEX scan_kind ON scan (site, kind, started);
  `);
}

const TESTS = optional(record({ times: listOf(number) }));
const KNOWN = record({ key: text, ips: listOf(text), time: either(number, oneOf(null)), up: record({ yes: TESTS, no: TESTS }) });

/** The parts of a known host that are needed here. */
interface Known {
  readonly key: string;
  readonly ips: readonly string[];
  /** `null` when it was not a number. */
  readonly time: number | null;
  readonly up: { readonly yes?: { readonly times: readonly number[] }; readonly no?: { readonly times: readonly number[] } };
}

export function sortKeyOf({ key, ips }: Pick<Known, 'key' | 'ips'>): string {
  return addressKey(ips[0] ?? key) ?? '';
}

export function latestOf({ time, up }: Pick<Known, 'time' | 'up'>): number {
  return Math.trunc(Math.max(0, finite(time), finite(up.yes?.times[0]), finite(up.no?.times[0])));
}

function finite(time: number | null | undefined): number {
  return typeof time === 'number' && Number.isFinite(time) ? time : 0;
}
