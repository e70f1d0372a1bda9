import type { Clock } from '../core/clock.ts';
import { mistake } from '../core/mistake.ts';
import { type LogEvent, FROM_STATE } from '../event/event.ts';
import type { Encoded, Refused, Sink } from '../sink/sink.ts';
import type { AckGroupFate } from '../state/ledger.ts';
import type { Queued } from '../state/queued.ts';
import type { Tally } from '../state/tally.ts';
import type { AckGroups } from './ack-group.ts';
import type { AckGroupCursor } from './ack-group-cursor.ts';
import type { Account } from './account.ts';
import { NO_COUNTS } from './answered.ts';
import type { SpoolWriter } from './spool-writer.ts';

/** An event on its way into a sink; nothing is counted yet. */
export interface Admitted {
  readonly tally: Tally;
  readonly entry: Queued;
  /** Its fate by the ledger, if known: then it is not sent. */
  readonly fate?: AckGroupFate | undefined;
  /** Why the sink cannot encode it: it becomes a dead letter. */
  readonly refused?: string;
}

/** Turns events into entries of one sink, and counts them when they are sent. */
export class Intake {
  private readonly sink: Sink;
  private readonly account: Account;
  private readonly clock: Clock;
  private readonly groups: AckGroups;
  private readonly cursor: AckGroupCursor | undefined;
  private readonly spoolWriter: SpoolWriter | undefined;

  constructor(
    sink: Sink,
    account: Account,
    clock: Clock,
    { groups, cursor, spoolWriter }: { groups: AckGroups; cursor: AckGroupCursor | undefined; spoolWriter: SpoolWriter | undefined },
  ) {
    this.sink = sink;
    this.account = account;
    this.clock = clock;
    this.groups = groups;
    this.cursor = cursor;
    this.spoolWriter = spoolWriter;
  }

  /** Encodes an event. Undefined when the sink does not want it, or takes nothing more in this run. */
  admit(event: LogEvent): Admitted | undefined {
    if (this.spoolWriter?.stuck === true && !(event.dataset === 'nmap.health' && this.spoolWriter.hasReserve())) {
      this.cursor?.cutAt(event.ackGroup);
      return undefined;
    }
    if (!this.sink.accepts(event.dataset) || this.sink.wants?.(event) === false) return undefined;
    const { id, dataset, time, ackGroup, revision } = event;
    const tally = this.account.of(dataset);
    const fate = this.cursor?.moveTo(ackGroup, FROM_STATE.has(dataset));
    const queued = this.clock.now();
    if (fate !== undefined) return { tally, fate, entry: { id, dataset, time, queued, ...NO_BODY, ackGroup: { key: ackGroup } } };
    const encoded = this.encode(event);
    if (!('refused' in encoded)) return { tally, entry: { id, dataset, time, queued, revision, ...encoded, ackGroup: this.groups.enter() } };
    return { tally, refused: encoded.refused, entry: { id, dataset, time, queued, revision, ...NO_BODY, ackGroup: this.groups.enter() } };
  }

  /** Counts an event as read, and its fate if that is known. True when it is to be sent. */
  count({ tally, entry, fate, refused }: Admitted): boolean {
    this.account.read(tally, 1);
    if (fate !== undefined) {
      this.account.known(tally, fate);
      if (fate === 'spooled') this.spoolWriter?.fates.noteWaiting(entry.ackGroup?.key ?? '', tally);
    } else if (refused !== undefined) this.reject(tally, entry, refused);
    return fate === undefined && refused === undefined;
  }

  private reject(tally: Tally, entry: Queued, reason: string): void {
    if (this.spoolWriter === undefined) this.account.discarded(tally, 1);
    else this.spoolWriter.recordAnswer(tally, { ...NO_COUNTS, done: [], rejected: [{ entry, reason }] });
  }

  /** An event that cannot be encoded because of a bug is a dead letter of that sink only. */
  private encode(event: LogEvent): Encoded | Refused {
    try {
      return this.sink.encode(event);
    } catch (error) {
      return { refused: mistake(`rendering it for ${this.sink.name}`, error).message };
    }
  }
}

const NO_BODY = { parts: [], bytes: 0, partition: '' } as const;
