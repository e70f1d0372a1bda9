import type { Dataset, LogEvent } from '../event/event.ts';
import { clipCharacters } from '../event/shorten.ts';
import type { LineFormat } from '../event/lines.ts';

/** Limits of batches. */
export interface BatchLimits {
  readonly maxEvents: number;
  /** Bytes of a batch. A larger event is sent alone. */
  readonly maxBytes: number;
  /** Bytes of one event. A larger one is shortened (`nmap.shortened`); absent: no limit. */
  readonly maxEventBytes?: number;
  /** Batches in flight, of all partitions. */
  readonly inFlight: number;
  /** Batches of one partition in flight; 1 keeps their order. */
  readonly inFlightPerPartition: number;
  /** Batches of one partition overtake each other only when all their times lie within this; absent: any may. */
  readonly unorderedWithinMs?: number;
}

/**
 * Default of {@link BatchLimits.maxEventBytes} for receivers that do not announce their limit: below the 4 MiB of a Fluent Bit request and of a
 * gRPC message, and far below what Elasticsearch with a small heap refuses for ever (429: 15 MB with 512 MB of heap).
 */
export const MAX_EVENT_BYTES = 4_000_000;

/** Tells the user why nothing seems to happen. */
export type Notify = (sentence: string) => void;

/** Identifies a destination in spool and ledger. */
export interface SinkIdentity {
  /** The name that `--to` uses. */
  readonly type: string;
  /** The URL or path, without credentials: the target of `--to TYPE=TARGET`. */
  readonly target: string;
  /** Distinguishes destinations at one address: namespace, tenant, labels, datasets. */
  readonly scope: string;
}

/** An event encoded for one sink. */
export interface Encoded {
  /** The body in pieces: what the events of a host share is one string that they all point to. */
  readonly parts: readonly string[];
  /** Length of the whole body in UTF-8. */
  readonly bytes: number;
  /** Events of different partitions never share a batch. */
  readonly partition: string;
}

/** An event that this sink can never accept. */
export interface Refused {
  readonly refused: string;
}

export interface Entry extends Encoded {
  readonly id: string;
  readonly dataset: Dataset;
  /** When nmap saw it, epoch milliseconds. */
  readonly time: number;
  /** When delivery took it, epoch milliseconds; the same after a crash if it had been committed. */
  readonly queued: number;
  /** For records of the inventory, see `LogEvent.revision`: records with the same id and another revision differ. */
  readonly revision?: number | undefined;
}

export interface Batch {
  readonly partition: string;
  readonly entries: readonly Entry[];
  readonly bytes: number;
  /** The concatenated bodies, if they were rendered already. */
  readonly body?: Uint8Array | undefined;
}

export interface Rejection {
  readonly entry: Entry;
  /** The server's own words. */
  readonly reason: string;
  readonly status?: number;
}

/** Why an event was not taken. */
export interface Refusal {
  readonly reason: string;
  readonly status?: number;
}

/**
 * The result of sending a batch. Every entry is in exactly one place: counted as `delivered` or `already` there, or listed
 * under `retry` (the server could not take it now) or `rejected` (it never will).
 */
export interface Outcome {
  readonly delivered: number;
  readonly already: number;
  readonly retry: readonly Entry[];
  readonly rejected: readonly Rejection[];
  /** Delivered events that carry the time of sending, because the target refuses their own. */
  readonly restamped?: number;
  /** Events that were delivered before and were deleted now by `keepFiles`. */
  readonly removed?: number;
  /** The server's own words about the first of `retry`. */
  readonly refusal?: Refusal;
  /** The pause that the server asked for; 0 when it did not say how long. */
  readonly retryAfterMs?: number;
  /** The request was too large as a whole: send `retry` in halves, at once unless `retryAfterMs` is there. */
  readonly split?: boolean;
  /** The server refuses `retry` as it is, and may accept others: these are tried first. */
  readonly setAside?: boolean;
  /**
   * `retry` is correct, but the server accepts none of it before a person has changed something there (a privilege, a write block); it may
   * accept others.
   */
  readonly blocked?: SinkError;
  /** The sink adapts to the answer: send `retry` again at once. */
  readonly adapted?: boolean;
}

/** One thing that `check` found out about a sink. */
export interface Diagnosis {
  readonly level: 'ok' | 'warning' | 'error';
  readonly message: string;
  readonly hint?: string | undefined;
  /** Inherent in the protocol: shown by `check` only. */
  readonly lasting?: true;
}

/** Named texts in the state file that a sink needs in its next run. Durable when a call returns, or the transaction around it. */
export interface SinkMemory {
  get(name: string): string | undefined;
  put(name: string, text: string): void;
  remove(name: string): void;
  /** All texts whose names begin with `prefix`, ordered by name. */
  all(prefix: string): readonly (readonly [name: string, text: string])[];
  /** Runs `work` as one transaction. */
  transaction<T>(work: () => T): T;
  /** When {@link Renewal.renew} is to be called next, by whichever process runs then, epoch milliseconds; undefined: not at all. */
  wakeAt(time: number | undefined): void;
}

/** For sinks whose server forgets what is not renewed. */
export interface Renewal {
  /** Called once before sending; not called without a state file. */
  remember(memory: SinkMemory): void;
  /** When `renew` is due, epoch milliseconds; undefined: never, as things are. */
  due(): number | undefined;
  /** One attempt, not counted in the account. Throws {@link SinkError}. */
  renew(signal: AbortSignal): Promise<void>;
}

/**
 * A destination. One attempt per call: waiting, retrying, splitting and counting are delivery's.
 *
 * - `encode` is pure, and is called once per event.
 * - `send` takes entries that this sink encoded, in this process or an earlier one, all of one
 *   partition, within `limits` unless the batch is a single entry. It gives every entry back once, or
 *   throws a {@link SinkError}: then delivery assumes that nothing arrived, keeps the batch and leaves
 *   the sink alone for a while.
 * - `check` proves target and credentials and writes no event.
 * - `close` may be called twice, and before the first `send`.
 */
export interface Sink {
  /** For people: the type and where it goes, never a secret. */
  readonly name: string;
  readonly identity: SinkIdentity;
  readonly limits: BatchLimits;
  /** What happens to events that cannot be delivered: most sinks want them kept, a pipe does not. */
  readonly undeliverable: 'keep' | 'discard';
  /** How long it may wait for an answer, in milliseconds; undefined for a sink that gets no answers. */
  readonly answerMs?: number | undefined;
  /** False when nothing is acknowledged, as in a stream: the summary says "sent". Absent: delivered means acknowledged. */
  readonly acknowledges?: boolean;
  /** It only writes lines of this format, in order, so that threads may render them. */
  readonly lines?: LineFormat | undefined;
  accepts(dataset: Dataset): boolean;
  /** Whether it wants an event of an accepted dataset; absent: all. Unwanted events are not counted as read. */
  wants?(event: LogEvent): boolean;
  readonly renewal?: Renewal;
  encode(event: LogEvent): Encoded | Refused;
  check(signal: AbortSignal): Promise<readonly Diagnosis[]>;
  send(batch: Batch, signal: AbortSignal): Promise<Outcome>;
  close(): Promise<void>;
}

/**
 * The sink as a whole does not work. `temporary` may pass without intervention (no connection, 503);
 * `permanent` needs a person (wrong key, wrong address); `closed` is a reader that went away.
 */
export class SinkError extends Error {
  readonly kind: 'temporary' | 'permanent' | 'closed';
  readonly hint: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: SinkError['kind'],
    message: string,
    options: { readonly hint?: string | undefined; readonly retryAfterMs?: number | undefined; readonly cause?: unknown } = {},
  ) {
    super(bounded(message), { cause: options.cause });
    this.name = 'SinkError';
    this.kind = kind;
    this.hint = options.hint === undefined ? undefined : bounded(options.hint);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Most characters of a message, which may contain a server's answer and is printed, stored and sent. */
const MAX_MESSAGE_LENGTH = 2000;

/** One line of bounded length. */
function bounded(text: string): string {
  const short = text.length <= MAX_MESSAGE_LENGTH ? text : `${clipCharacters(text, MAX_MESSAGE_LENGTH)}…`;
  const lines = short.split(/[\r\n]/).map((line) => line.trim());
  return lines.filter((line) => line !== '').join(' ');
}
