import type { ScannedHost } from './scanned-host.ts';

/** Hosts, and bytes of their text, that are compared in one transaction: some tens of milliseconds. */
const MANY_HOSTS = 50;
const MANY_BYTES = 1 << 18;
/** Of hosts that say little. */
const MAX_HOSTS = 500;
/** masscan lists a host once per port. */
const MAX_LISTINGS = 2000;
const MAX_BYTES = 4 << 20;

/** Hosts of one run, in the order in which it lists them. */
export interface HostsOfRun {
  readonly listings: readonly ScannedHost[];
  /** How many these are. */
  readonly hosts: number;
  /** Of their text. */
  readonly bytes: number;
}

/** Hosts that were read, and are compared together: those of one run, behind those of runs before it. */
export class WaitingHosts {
  private listings: ScannedHost[] = [];
  private readonly keys = new Set<string>();
  private bytes = 0;
  /** Of runs and parts of runs that were taken, and are not compared yet. */
  private readonly taken = new Set<HostsOfRun>();

  add(host: ScannedHost): void {
    this.listings.push(host);
    this.keys.add(host.context.identity.key);
    this.bytes += host.host.source.length;
  }

  get areMany(): boolean {
    let [hosts, listings, bytes] = [this.keys.size, this.listings.length, this.bytes];
    for (const one of this.taken) {
      hosts += one.hosts;
      listings += one.listings.length;
      bytes += one.bytes;
    }
    return (hosts >= MANY_HOSTS && bytes >= MANY_BYTES) || hosts >= MAX_HOSTS || listings >= MAX_LISTINGS || bytes >= MAX_BYTES;
  }

  /** All of the run that is being read; they count until they are compared. */
  take(): HostsOfRun {
    const taken: HostsOfRun = { listings: this.listings, hosts: this.keys.size, bytes: this.bytes };
    if (taken.hosts > 0) this.taken.add(taken);
    this.drop();
    return taken;
  }

  compared(taken: HostsOfRun): void {
    this.taken.delete(taken);
  }

  /** Those of the run that is being read will not be compared. */
  drop(): void {
    this.listings = [];
    this.keys.clear();
    this.bytes = 0;
  }
}
