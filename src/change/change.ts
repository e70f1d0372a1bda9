import type { Certificate, KnownFinding } from '../state/known-host.ts';
import { type FindingStatement, portKey } from './sighting.ts';

export type ChangeAction =
  | 'host-new'
  | 'host-missing'
  | 'host-back'
  | 'os-changed'
  | 'mac-changed'
  | 'port-opened'
  | 'port-closed'
  | 'port-reopened'
  | 'service-changed'
  | 'certificate-changed'
  | 'host-key-changed'
  | 'finding-opened'
  | 'finding-resolved'
  | 'exposure-unexpected'
  | 'exposure-expired';

/** The state before or after a change. Times are epoch milliseconds. */
export interface Side {
  /** In words: `closed`, `ssh OpenSSH 9.2p1`. */
  readonly text: string;
  /** State of a port or host in nmap's words: open, filtered, up. */
  readonly state?: string | undefined;
  readonly service?: string | undefined;
  readonly version?: string | undefined;
  readonly os?: string | undefined;
  readonly mac?: string | undefined;
  readonly ip?: string | undefined;
  readonly certificate?: Certificate | undefined;
  /** Of an SSH server: `ssh-ed25519 SHA256:…`. */
  readonly hostKeys?: readonly string[];
  /** Open ports of a new host: `22/tcp ssh OpenSSH 9.2p1`. */
  readonly ports?: readonly string[];
  /** For the state before the change: since when it was known, and when it was seen last. */
  readonly since?: number | undefined;
  readonly seen?: number | undefined;
  /** The number of the scan that saw it last. */
  readonly scan?: number | undefined;
}

/** A difference between what was known and what a run established. */
export interface Change {
  readonly action: ChangeAction;
  /** The host's key: `192.0.2.7`. */
  readonly host: string;
  readonly name: string | undefined;
  readonly port: { readonly protocol: string; readonly number: number } | undefined;
  readonly before: Side;
  readonly after: Side;
  /** For changes of a finding. */
  readonly finding?: KnownFinding;
  /** Fields of a new finding. */
  readonly about?: FindingStatement | undefined;
  /** The service at the port, as nmap shows it. */
  readonly service?: string | undefined;
  /** One line for people. */
  readonly message: string;
}

/** `443/tcp` */
export function portOf({ port }: Pick<Change, 'port'>): string | undefined {
  return port && portKey(port.protocol, port.number);
}
