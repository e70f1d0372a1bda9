import type { Database } from './database.ts';
import type { HostRow } from './host-row.ts';
import type { KnownHost } from './known-host.ts';

/** Most bytes of hosts as stored; in memory they take several times as much. */
const MAX_BYTES = 8 << 20;
const MAX_HOSTS = 2000;

/** A host that differs from its row in the file. */
interface ChangedHost {
  readonly host: KnownHost;
  /** The row that will be written. */
  readonly row: HostRow;
}

interface Held {
  readonly host: KnownHost;
  /** Undefined when the host is as in the file. */
  changed: ChangedHost | undefined;
}

const CACHES = new WeakMap<Database, Map<string, HeldHosts>>();

/**
 * A cache of the known hosts that a transaction uses: each is read once and written once, before the commit, however many runs list it.
 * Otherwise thousands of very small runs could each read and write a host about which much is known. It is empty between transactions, because
 * the texts of a host are parts of the piece of the scan in which it was read, and would keep all of that in memory.
 */
export class HeldHosts {
  private readonly database: Database;
  private readonly hosts = new Map<string, Held>();
  private bytes = 0;
  /** No changed host has a later result. */
  private latest = Number.NEGATIVE_INFINITY;
  /** The transaction that used the cache last. */
  private transaction = 0;
  private write: (changed: ChangedHost) => void = () => undefined;

  private constructor(database: Database) {
    this.database = database;
  }

  /** One cache per file and site. */
  static of(database: Database, site: string): HeldHosts {
    const sites = CACHES.get(database) ?? new Map<string, HeldHosts>();
    CACHES.set(database, sites);
    const held = sites.get(site) ?? new HeldHosts(database);
    sites.set(site, held);
    return held;
  }

  get(key: string): KnownHost | undefined {
    return this.isUsed() ? this.hosts.get(key)?.host : undefined;
  }

  /** Keeps a host that was read. `bytes`: length of its stored text. */
  keep(host: KnownHost, bytes: number): void {
    if (!this.isUsed()) return;
    this.makeRoom(bytes);
    this.hosts.set(host.key, { host, changed: undefined });
    this.bytes += bytes;
    this.database.beforeCommit(this.end);
  }

  /** Writes a host: before the commit, or now when nothing is to be committed. */
  put(changed: ChangedHost, write: (changed: ChangedHost) => void): void {
    if (!this.isUsed()) return write(changed);
    if (!this.hosts.has(changed.host.key)) this.makeRoom(0);
    this.hosts.set(changed.host.key, { host: changed.host, changed });
    this.latest = Math.max(this.latest, changed.row.latest);
    this.write = write;
    this.database.beforeCommit(this.end);
  }

  /** Hosts that differ from the file and match `isMeant`. */
  changed(isMeant: (row: HostRow) => boolean = () => true): readonly ChangedHost[] {
    const written: ChangedHost[] = [];
    if (!this.isUsed()) return written;
    for (const { changed } of this.hosts.values()) if (changed !== undefined && isMeant(changed.row)) written.push(changed);
    return written;
  }

  /** Those with a result after this time: usually none. */
  laterThan(time: number): readonly ChangedHost[] {
    return this.latest > time ? this.changed(({ latest }) => latest > time) : [];
  }

  isChanged(key: string): boolean {
    return this.isUsed() && this.hosts.get(key)?.changed !== undefined;
  }

  /** Writes the changed hosts to the file. */
  writeChanged(): void {
    for (const one of this.changed()) this.write(one);
    for (const held of this.hosts.values()) held.changed = undefined;
  }

  private readonly end = (): void => {
    this.writeChanged();
    this.clear();
  };

  forget(key: string): void {
    this.hosts.delete(key);
  }

  /** Whether the cache may be used: only in a transaction. One that was rolled back may have left hosts behind. */
  private isUsed(): boolean {
    const { isInTransaction, transactions } = this.database;
    if (isInTransaction && transactions !== this.transaction) {
      this.clear();
      this.transaction = transactions;
    }
    return isInTransaction;
  }

  private makeRoom(bytes: number): void {
    if (this.hosts.size < MAX_HOSTS && this.bytes + bytes <= MAX_BYTES) return;
    this.writeChanged();
    this.clear();
  }

  private clear(): void {
    this.hosts.clear();
    this.bytes = 0;
    this.latest = Number.NEGATIVE_INFINITY;
  }
}
