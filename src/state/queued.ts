import type { Entry } from '../sink/sink.ts';

/** The acknowledgement group of an entry. */
export interface AckGroupRef {
  /** 32 hexadecimal digits, see `LogEvent.ackGroup`. */
  readonly key: string;
}

/** An entry that is being delivered, with its acknowledgement group, if it has one. */
export interface Queued extends Entry {
  readonly ackGroup?: AckGroupRef | undefined;
}
