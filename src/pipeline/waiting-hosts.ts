import type { ScannedHost } from './scanned-host.ts';

/** Hosts, and bytes of their text, per transaction: some tens of milliseconds. */
const MANY_HOSTS = 50;
const MANY_BYTES = 1 << 18;
/** Most hosts per transaction, if they are small. */
const MAX_HOSTS = 500;
/** masscan lists a host once per port. */
const MAX_LISTINGS = 2000;
const MAX_BYTES = 4 << 20;

/** Hosts of one run, in the order in which it lists them. */
export interface HostsOfRun {
  readonly listings: readonly ScannedHost[];
  /** Number of the hosts. */
  readonly hosts: number;
  /** Bytes of their text. */
  readonly bytes: number;
}

/** Hosts that were read and wait to be compared, by run, in the order of reading. */
export class WaitingHosts {
  private listings: ScannedHost[] = [];
  private readonly keys = new Set<string>();
  private bytes = 0;
  /** Runs and parts of runs that were taken but not compared yet, and their sums. */
  private readonly taken = new Set<HostsOfRun>();
  private readonly sums = { hosts: 0, listings: 0, bytes: 0 };

  add(host: ScannedHost): void {
    this.listings.push(host);
    this.keys.add(host.context.identity.key);
    this.bytes += host.host.source.length;
  }

  get areMany(): boolean {
    const { sums } = this;
    const [hosts, listings, bytes] = [sums.hosts + this.keys.size, sums.listings + this.listings.length, sums.bytes + this.bytes];
    return (hosts >= MANY_HOSTS && bytes >= MANY_BYTES) || hosts >= MAX_HOSTS || listings >= MAX_LISTINGS || bytes >= MAX_BYTES;
  }

  /** Takes all hosts of the current run; they count as waiting until they are compared. */
  take(): HostsOfRun {
    const taken: HostsOfRun = { listings: this.listings, hosts: this.keys.size, bytes: this.bytes };
    if (taken.hosts > 0) this.count(taken, 1);
    this.drop();
    return taken;
  }

  compared(taken: HostsOfRun): void {
    if (this.taken.has(taken)) this.count(taken, -1);
  }

  private count(taken: HostsOfRun, sign: 1 | -1): void {
    const { sums } = this;
    if (sign === 1) this.taken.add(taken);
    else this.taken.delete(taken);
    sums.hosts += sign * taken.hosts;
    sums.listings += sign * taken.listings.length;
    sums.bytes += sign * taken.bytes;
  }

  /** Drops the hosts of the current run, which will not be compared. */
  drop(): void {
    this.listings = [];
    this.keys.clear();
    this.bytes = 0;
  }
}
