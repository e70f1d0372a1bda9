import type { Entry } from '../sink/sink.ts';

/** What an entry is a part of. */
export interface AckGroupRef {
  /** 32 hexadecimal digits, see `LogEvent.ackGroup`. */
  readonly key: string;
}

/** An entry on its way, and what it is a part of; undefined for what has no place in the ledger. */
export interface Queued extends Entry {
  readonly ackGroup?: AckGroupRef | undefined;
}
