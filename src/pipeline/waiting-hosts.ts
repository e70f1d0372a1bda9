import type { ScannedHost } from './scanned-host.ts';

/** Hosts, and bytes of their text, that wait for being compared in one transaction: some tens of milliseconds. */
const MAX_HOSTS = 50;
/** masscan lists a host once for each port. */
const MAX_LISTINGS = 2000;
const MAX_BYTES = 4 << 20;

/** Hosts that were read, and are compared together. */
export class WaitingHosts {
  private listings: ScannedHost[] = [];
  private readonly keys = new Set<string>();
  private bytes = 0;

  add(host: ScannedHost): void {
    this.listings.push(host);
    this.keys.add(host.context.identity.key);
    this.bytes += host.host.source.length;
  }

  get areMany(): boolean {
    return this.keys.size >= MAX_HOSTS || this.listings.length >= MAX_LISTINGS || this.bytes >= MAX_BYTES;
  }

  /** All of them, in order; then none waits. */
  take(): readonly ScannedHost[] {
    const { listings } = this;
    this.listings = [];
    this.keys.clear();
    this.bytes = 0;
    return listings;
  }
}
