import { shellWord } from '../core/shell-word.ts';
import { PortlogError } from '../core/errors.ts';
import { addressKey, type AddressSet } from '../nmap/address-set.ts';
import type { Run } from '../nmap/model.ts';
import type { Database } from './database.ts';
import { type HostRow, inOrder, type Place, rowOf } from './host-row.ts';
import { HeldHosts } from './held-hosts.ts';
import { parsedAs } from '../core/shape.ts';
import { KNOWN_HOST } from './known-shape.ts';
import { hostsInOrder } from '../nmap/order.ts';
import type { KnownHost, TestedPorts } from './known-host.ts';

/** The stored data of a host is damaged. */
export const DAMAGED = Symbol('damaged');
/** Hosts named in a message. */
const MAX_NAMED = 10;

/** Port lists that are cached. */
const MAX_LISTS = 1000;
/** Shorter lists are stored inline. */
const SHORT_LIST = 40;

/** Hosts that are looked at one by one because they are between the first and the last of many ranges. */
const MOST_BETWEEN = 64;

const UNSEEN = 'SELECT key, place, time FROM host INDEXED BY host_up WHERE site = ? AND place BETWEEN ? AND ? AND up = 1 AND time < ?';
/** In one row, which takes a third of the time for very many hosts. */
const SOME_UNSEEN = `SELECT json_group_array(json_object('key', key, 'place', place, 'time', time)) AS places FROM (${UNSEEN} LIMIT ${MOST_BETWEEN})`;
const UNSEEN_IN_RANGES = `SELECT host.key, place, time FROM json_each(?) AS range CROSS JOIN host INDEXED BY host_up
  ON site = ? AND place BETWEEN range.value ->> 0 AND range.value ->> 1 AND up = 1 AND time < ?`;

/** A host as it is stored: port lists are replaced by their numbers. */
interface KeptHost extends Omit<KnownHost, 'tested'> {
  readonly tested: readonly (Omit<TestedPorts, 'ports'> & { readonly ports: string | number })[];
}

/** The hosts that are known at one site, one row each. */
export class KnownHosts {
  private readonly database: Database;
  readonly site: string;
  private readonly held: HeldHosts;
  private readonly damaged = new Set<string>();
  /** Numbers of the lists that were looked up; undefined: not stored. */
  private readonly listIds = new Map<string, number | undefined>();
  private readonly lists = new Map<number, string>();

  constructor(database: Database, site: string) {
    this.database = database;
    this.site = site;
    this.held = HeldHosts.of(database, site);
  }

  /** Throws `state-unusable` when its data is damaged. */
  get(key: string): KnownHost | undefined {
    const host = this.find(key);
    if (host === DAMAGED) throw this.damageOf([key]);
    return host;
  }

  /** The same without throwing: see {@link damage}. */
  find(key: string): KnownHost | typeof DAMAGED | undefined {
    const held = this.held.get(key);
    if (held !== undefined) return held;
    const row = this.database.get('SELECT known FROM host WHERE site = ? AND key = ?', this.site, key);
    if (row === undefined) return undefined;
    const kept = parsedAs(row['known'], KNOWN_HOST) as KeptHost | undefined;
    if (kept?.key === key) {
      const host = this.withLists(kept);
      this.held.keep(host, String(row['known']).length);
      return host;
    }
    this.damaged.add(key);
    return DAMAGED;
  }

  /** All hosts in order, except damaged ones: see {@link damage}. */
  *readable(): Generator<KnownHost, void, undefined> {
    for (const key of hostsInOrder(this.keys())) {
      const host = this.find(key);
      if (host !== undefined && host !== DAMAGED) yield host;
    }
  }

  /** The same without cached data, because another process or a rollback may have changed it. */
  withoutCache(): KnownHosts {
    const hosts = new KnownHosts(this.database, this.site);
    for (const key of this.damaged) hosts.damaged.add(key);
    return hosts;
  }

  /** An error that names damaged hosts that were asked for; undefined when there are none. */
  get damage(): PortlogError | undefined {
    return this.damaged.size === 0 ? undefined : this.damageOf([...this.damaged]);
  }

  private damageOf(keys: readonly string[]): PortlogError {
    const more = keys.length > MAX_NAMED ? ` and ${keys.length - MAX_NAMED} more` : '';
    const named = keys.slice(0, MAX_NAMED);
    const addresses = named.filter((key) => addressKey(key) !== undefined).map((key) => ` --network ${shellWord(key)}`);
    return new PortlogError(
      'state-unusable',
      `${this.database.path} is damaged: what is known of ${named.join(', ')}${more} (site ${this.site}) cannot be read`,
      {
        hint: `restore the file from a backup, or delete what is known: portlog inventory --forget --site ${shellWord(this.site)}${addresses.join('')}`,
      },
    );
  }

  /** Its addresses; for a damaged host, its key. */
  addressesOf(key: string): Pick<KnownHost, 'key' | 'ips'> {
    this.held.writeChanged();
    const row = this.database.get('SELECT known FROM host WHERE site = ? AND key = ?', this.site, key);
    return (parsedAs(row?.['known'], KNOWN_HOST) as KeptHost | undefined) ?? { key, ips: [] };
  }

  put(host: KnownHost, confirm: number): void {
    this.held.put({ host, row: rowOf(host, confirm) }, this.write);
  }

  private readonly write = ({ host, row: { place, time, up, found, latest } }: { readonly host: KnownHost; readonly row: HostRow }): void => {
    this.database.run(
      'INSERT OR REPLACE INTO host (site, key, time, up, found, place, latest, known) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      this.site,
      host.key,
      time,
      up,
      found,
      place,
      latest,
      this.render(host),
    );
  };

  keys(): readonly string[] {
    this.held.writeChanged();
    return this.database.all('SELECT key FROM host WHERE site = ?', this.site).map(keyOf);
  }

  /** Number of hosts that were ever found up; addresses where nothing has answered yet do not count. */
  count(): number {
    this.held.writeChanged();
    return this.database.get('SELECT count(*) AS hosts FROM host WHERE site = ? AND found = 1', this.site)?.['hosts'] as number;
  }

  /** Whether {@link count} counts it. */
  wasFound(key: string): boolean {
    this.held.writeChanged();
    return this.database.get('SELECT 1 FROM host WHERE site = ? AND key = ? AND found = 1', this.site, key) !== undefined;
  }

  /**
   * Hosts at these addresses that count as up and were not seen since a time. Found by their addresses, so that the scan of one host does not
   * cost more the more hosts are known.
   */
  *unseen(addresses: AddressSet, since: number): Generator<string, void, undefined> {
    const unseen = this.held.changed(({ up, time }) => up === 1 && time < since).map(({ row }) => row);
    const rows = this.unseenRows(addresses, since);
    // The caller may change more hosts before the next range is looked up.
    const before = addresses.ranges === 1 || rows.length === 0 ? undefined : new Set(this.held.changed().map(({ host }) => host.key));
    const asKept = rows.filter(({ key }) => !(before?.has(key) ?? this.held.isChanged(key)));
    const held = unseen.filter(({ place }) => addresses.hasKey(place));
    yield* (held.length === 0 ? asKept : [...asKept, ...held].sort(inOrder)).map(keyOf);
  }

  /** Looks up everything from the first range to the last at once: `10.0-15.0-31.7` is 512 ranges, and usually hardly any host in them is missing. */
  private unseenRows(addresses: AddressSet, since: number): readonly Place[] {
    const { ranges } = addresses;
    const values = [this.site, ...addresses.bounds, since];
    if (ranges === 1) return this.database.all(UNSEEN, ...values) as readonly Place[];
    const some = JSON.parse(String(this.database.get(SOME_UNSEEN, ...values)?.['places'])) as readonly Place[];
    if (some.length < MOST_BETWEEN) return some.filter(({ place }) => addresses.hasKey(place));
    return this.database.all(UNSEEN_IN_RANGES, JSON.stringify(addresses.keys), this.site, since) as readonly Place[];
  }

  /** Hosts whose latest result has this time. */
  lastFoundAt(time: number): readonly string[] {
    this.held.writeChanged();
    return this.database.all('SELECT key FROM host WHERE site = ? AND latest = ?', this.site, time).map(keyOf);
  }

  /** Hosts with a result after this time. */
  laterThan(time: number): readonly string[] {
    const rows = this.database.all('SELECT key FROM host WHERE site = ? AND latest > ?', this.site, time).map(keyOf);
    const later = this.held.laterThan(time).map(({ host }) => host.key);
    return [...rows.filter((key) => !this.held.isChanged(key)), ...later];
  }

  forget(key: string): void {
    this.held.forget(key);
    this.database.run('DELETE FROM host WHERE site = ? AND key = ?', this.site, key);
    this.database.run('DELETE FROM moved_host WHERE site = ? AND key = ?', this.site, key);
  }

  /** Stores the port lists of a run once, rather than with each of its hosts. */
  keepLists({ scaninfo }: Pick<Run, 'scaninfo'>): void {
    for (const { services } of scaninfo) {
      if (services === undefined || services.length < SHORT_LIST || this.listIds.get(services) !== undefined) continue;
      this.database.run('INSERT OR IGNORE INTO port_list (ports) VALUES (?)', services);
      this.listIds.delete(services);
      this.listIdOf(services);
    }
  }

  /** The number of a list. Looked up when needed, because all lists might not fit into memory. */
  private listIdOf(ports: string): number | undefined {
    if (ports.length < SHORT_LIST || this.listIds.has(ports)) return this.listIds.get(ports);
    const id = this.database.get('SELECT id FROM port_list WHERE ports = ?', ports)?.['id'] as number | undefined;
    this.remember(id, ports);
    return id;
  }

  private remember(id: number | undefined, ports: string): void {
    if (this.listIds.size >= MAX_LISTS) {
      this.listIds.clear();
      this.lists.clear();
    }
    this.listIds.set(ports, id);
    if (id !== undefined) this.lists.set(id, ports);
  }

  private render(host: KnownHost): string {
    return JSON.stringify({ ...host, tested: host.tested.map((one) => ({ ...one, ports: this.listIdOf(one.ports) ?? one.ports })) });
  }

  private withLists(host: KeptHost): KnownHost {
    return { ...host, tested: host.tested.map((one) => ({ ...one, ports: typeof one.ports === 'number' ? this.listOf(one.ports) : one.ports })) };
  }

  /** The list with a number, which another process may have added meanwhile. */
  private listOf(id: number): string {
    const kept = this.lists.get(id);
    if (kept !== undefined) return kept;
    const ports = this.database.get('SELECT ports FROM port_list WHERE id = ?', id)?.['ports'] as string | undefined;
    if (ports !== undefined) this.remember(id, ports);
    return ports ?? '';
  }
}

function keyOf({ key }: { readonly key?: unknown }): string {
  return key as string;
}
