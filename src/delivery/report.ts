import type { PortlogError } from '../core/errors.ts';
import type { SinkError } from '../sink/sink.ts';
import type { Tally } from '../state/tally.ts';
import type { SinkPipeline } from './sink-pipeline.ts';

/** What became of the events of one sink. */
export interface SinkReport {
  /** Its name for people. */
  readonly sink: string;
  /** False: the sink acknowledges nothing, so "delivered" means sent. */
  readonly acknowledges?: boolean;
  /** Events read in this run. */
  readonly tally: Tally;
  /** portlog's own events: about this run, and inventory records. */
  readonly own: Tally;
  /** Events that earlier runs left in the spool. */
  readonly replayed: Tally;
  /** Events in the spool, of all runs; and those that are damaged on disk. */
  readonly waiting: number;
  readonly damaged: number;
  /** Why it does not work, or does not take some of them. */
  readonly failure: SinkError | undefined;
  /** Why the first event is a dead letter, and why the first one waits that the sink does not take while it takes others. */
  readonly firstRejection: string | undefined;
  readonly firstRefusal: string | undefined;
  /** Reading was given up because the spool is full. */
  readonly spoolFull: boolean;
  /** Events could neither be delivered nor kept, so the sum does not balance. */
  readonly unaccountable: PortlogError | undefined;
  /** The ledger could not be written. */
  readonly bookkeeping: PortlogError | undefined;
}

export function sinkReport({ sink, account, failure, firstRejection, health, spoolWriter }: SinkPipeline): SinkReport {
  const { events = 0, damaged = 0 } = spoolWriter?.tables.spool.usage() ?? {};
  const { tally, own, replayed } = account;
  return {
    sink: sink.name,
    acknowledges: sink.acknowledges !== false,
    tally,
    own,
    replayed,
    failure: failure ?? health.barred,
    firstRejection,
    firstRefusal: health.firstRefusal,
    waiting: events - damaged,
    damaged,
    spoolFull: spoolWriter?.stuck ?? false,
    unaccountable: spoolWriter?.fatal,
    bookkeeping: spoolWriter?.bookkeeping,
  };
}
