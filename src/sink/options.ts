import type { Clock } from '../core/clock.ts';
import type { Dataset } from '../event/event.ts';
import type { Facility } from '../event/syslog.ts';
import type { Only } from './only.ts';

/** Options of every destination. Secrets are functions, called when needed. */
export interface CommonOptions {
  readonly type: string;
  /** Distinguishes destinations at the same address. */
  readonly name?: string | undefined;
  /** The text after `TYPE=`: a URL or a path. */
  readonly target: string | undefined;
  readonly namespace: string;
  readonly datasets: readonly Dataset[] | undefined;
  /** Filter for events of these datasets. */
  readonly only?: Only | undefined;
  /** Default: the system's clock. */
  readonly clock?: Clock | undefined;
}

/** Options of every destination that is reached over the network. */
interface ServerOptions extends CommonOptions {
  readonly credentials: Credentials;
  readonly caFile: string | undefined;
  /** Trust only `caFile`. */
  readonly caOnly?: boolean | undefined;
  /** The origins that the credentials are for; absent: wherever the target is. */
  readonly boundTo?: readonly string[] | undefined;
  /** Allow credentials over an unencrypted connection to another machine. */
  readonly allowPlaintext?: boolean | undefined;
  /** Client certificate and its key, for servers that ask for one. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** Time limit for an answer, in milliseconds. */
  readonly timeoutMs: number;
}

/** Options of every destination that is reached over HTTP. */
export interface HttpServerOptions extends ServerOptions {
  /** Compression of request bodies. */
  readonly compression: 'gzip' | 'none';
  /** Additional request headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** `X-Scope-OrgID` */
  readonly tenant?: string | undefined;
}

/** Options of every destination that is a file on this machine. */
export interface FileOptions extends CommonOptions {
  /** Size above which a file is rotated; 0: never. */
  readonly rotateBytes?: number | undefined;
  /** Number of rotated files that are kept; undefined: all. */
  readonly keepFiles?: number | undefined;
  /** Write to disk (fsync) before events count as delivered. */
  readonly fsync?: boolean | undefined;
}

/** Options of every destination that gets syslog messages. */
export interface StreamOptions extends ServerOptions {
  /** How the end of a message is marked in the stream. */
  readonly framing?: 'octet-counting' | 'newline' | undefined;
  readonly facility?: Facility | undefined;
  /** Maximum size of a message with its header. Longer ones are shortened. */
  readonly maxMessageBytes?: number | undefined;
}

/** `from`: where the secret is set, for messages: the name of a variable or setting. */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'api-key' | 'bearer'; readonly secret: () => string; readonly from?: string }
  | { readonly kind: 'basic'; readonly user: string; readonly secret: () => string; readonly from?: string };
