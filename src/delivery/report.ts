import type { PortlogError } from '../core/errors.ts';
import type { SinkError } from '../sink/sink.ts';
import type { Tally } from '../state/tally.ts';
import type { SinkPipeline } from './sink-pipeline.ts';

/** What became of the events of one sink. */
export interface SinkReport {
  /** As people know it. */
  readonly sink: string;
  /** False: the sink does not say of an event that it has arrived, so "delivered" means that it was sent. */
  readonly acknowledges?: boolean;
  /** Of the events that were read. */
  readonly tally: Tally;
  /** Of portlog's own: events about this run, and records of the inventory. */
  readonly own: Tally;
  /** Of what earlier runs had left in the spool. */
  readonly replayed: Tally;
  /** Events of all runs that wait in the spool now, and those that lie there because the disk has damaged them. */
  readonly waiting: number;
  readonly damaged: number;
  readonly failure: SinkError | undefined;
  readonly firstRejection: string | undefined;
  /** Reading was given up because the spool is full. */
  readonly spoolFull: boolean;
  /** Events could neither be delivered nor kept; the sum does not close by so many. */
  readonly unaccountable: PortlogError | undefined;
  /** What was delivered could not be noted. */
  readonly bookkeeping: PortlogError | undefined;
}

export function sinkReport({ sink, account, failure, firstRejection, spoolWriter }: SinkPipeline): SinkReport {
  const { events = 0, damaged = 0 } = spoolWriter?.tables.spool.usage() ?? {};
  const { tally, own, replayed } = account;
  return {
    sink: sink.name,
    acknowledges: sink.acknowledges !== false,
    tally,
    own,
    replayed,
    failure,
    firstRejection,
    waiting: events - damaged,
    damaged,
    spoolFull: spoolWriter?.stuck ?? false,
    unaccountable: spoolWriter?.fatal,
    bookkeeping: spoolWriter?.bookkeeping,
  };
}
