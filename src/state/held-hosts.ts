import type { Database } from './database.ts';
import type { HostRow } from './host-row.ts';
import type { KnownHost } from './known-host.ts';

/** Of their text in the state file: in memory they take some times as much. */
const MAX_BYTES = 8 << 20;
const MAX_HOSTS = 2000;
/** More are not kept for the next transaction. */
const MAX_KEPT_BYTES = 4 << 20;

/** A host that the file does not have as it is. `confirm`: scans that must find it down. */
interface ChangedHost {
  readonly host: KnownHost;
  readonly confirm: number;
  /** As it will be written. */
  readonly row: HostRow;
}

interface Held {
  readonly host: KnownHost;
  /** Undefined when the file has it as it is. */
  changed: ChangedHost | undefined;
}

const OF_ALL = new WeakMap<Database, Map<string, HeldHosts>>();

/**
 * Known hosts that transactions take up: each is read once and written once, before the commit, however many runs list it, for very
 * small runs by the thousand may list a host of which very much is known. What is held stays good for the next transaction while nobody
 * else writes to the file.
 */
export class HeldHosts {
  private readonly database: Database;
  private readonly hosts = new Map<string, Held>();
  private bytes = 0;
  /** Of the transaction that used it last. */
  private transaction = 0;
  private rollbacks = 0;
  private version: unknown;
  private write: (changed: ChangedHost) => void = () => undefined;

  private constructor(database: Database) {
    this.database = database;
  }

  /** One for each file and site, whoever asks. */
  static of(database: Database, site: string): HeldHosts {
    const sites = OF_ALL.get(database) ?? new Map<string, HeldHosts>();
    OF_ALL.set(database, sites);
    const held = sites.get(site) ?? new HeldHosts(database);
    sites.set(site, held);
    return held;
  }

  get(key: string): KnownHost | undefined {
    return this.isUsed() ? this.hosts.get(key)?.host : undefined;
  }

  /** Of what was read; `bytes`: of its text. */
  keep(host: KnownHost, bytes: number): void {
    if (!this.isUsed()) return;
    this.makeRoom(bytes);
    this.hosts.set(host.key, { host, changed: undefined });
    this.bytes += bytes;
  }

  /** Writes a host: before the commit, or now when nothing is to be committed. */
  put(changed: ChangedHost, write: (changed: ChangedHost) => void): void {
    if (!this.isUsed()) return write(changed);
    if (!this.hosts.has(changed.host.key)) this.makeRoom(0);
    this.hosts.set(changed.host.key, { host: changed.host, changed });
    this.write = write;
    this.database.beforeCommit(this.writeChanged);
  }

  /** Each that is meant, of those that the file does not have as they are. */
  changed(isMeant: (row: HostRow) => boolean = () => true): readonly ChangedHost[] {
    const meant: ChangedHost[] = [];
    if (!this.isUsed()) return meant;
    for (const { changed } of this.hosts.values()) if (changed !== undefined && isMeant(changed.row)) meant.push(changed);
    return meant;
  }

  isChanged(key: string): boolean {
    return this.isUsed() && this.hosts.get(key)?.changed !== undefined;
  }

  /** The file has them as they are from now on. */
  readonly writeChanged = (): void => {
    if (!this.isUsed()) return;
    for (const one of this.changed()) this.write(one);
    for (const held of this.hosts.values()) held.changed = undefined;
    if (this.bytes > MAX_KEPT_BYTES) this.clear();
  };

  forget(key: string): void {
    this.hosts.delete(key);
  }

  /** Only in transactions. What an earlier one has left is no good when it was rolled back, or somebody else has written since. */
  private isUsed(): boolean {
    const { isInTransaction, transactions, rollbacks } = this.database;
    if (!isInTransaction || transactions === this.transaction) return isInTransaction;
    const version = this.database.get('PRAGMA data_version')?.['data_version'];
    if (rollbacks !== this.rollbacks || version !== this.version) this.clear();
    [this.transaction, this.rollbacks, this.version] = [transactions, rollbacks, version];
    return true;
  }

  private makeRoom(bytes: number): void {
    if (this.hosts.size < MAX_HOSTS && this.bytes + bytes <= MAX_BYTES) return;
    this.writeChanged();
    this.clear();
  }

  private clear(): void {
    this.hosts.clear();
    this.bytes = 0;
  }
}
