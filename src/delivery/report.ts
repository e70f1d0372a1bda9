import type { PortlogError } from '../core/errors.ts';
import type { SinkError } from '../sink/sink.ts';
import type { Tally } from '../state/tally.ts';
import type { GivenUp } from './given-up.ts';
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
  /** The inventory records among them. */
  readonly inventory: Tally;
  /** Events that earlier runs left in the spool. */
  readonly replayed: Tally;
  /** Why events were discarded, of any of these. */
  readonly givenUp: GivenUp;
  /** Events in the spool, of all runs; and those that are damaged on disk. */
  readonly waiting: number;
  readonly damaged: number;
  /** Why the sink does not work, or refuses some events. */
  readonly failure: SinkError | undefined;
  /** The reason for the first dead letter, and for the first event that waits because the sink refuses it while accepting others. */
  readonly firstRejection: string | undefined;
  readonly firstRefusal: string | undefined;
  /** Reading was given up because the spool is full. */
  readonly spoolFull: boolean;
  /** Why events could neither be delivered nor kept, so that the account does not balance. */
  readonly unaccountable: PortlogError | undefined;
  /** Why the ledger could not be written. */
  readonly bookkeeping: PortlogError | undefined;
}

export function sinkReport({ sink, account, failure, firstRejection, health, spoolWriter }: SinkPipeline): SinkReport {
  const { events = 0, damaged = 0 } = spoolWriter?.tables.spool.usage() ?? {};
  const { tally, own, inventory, replayed, givenUp } = account;
  return {
    sink: sink.name,
    acknowledges: sink.acknowledges !== false,
    tally,
    own,
    inventory,
    replayed,
    givenUp,
    failure: failure ?? health.blocked,
    firstRejection,
    firstRefusal: health.firstRefusal,
    waiting: events - damaged,
    damaged,
    spoolFull: spoolWriter?.stuck ?? false,
    unaccountable: spoolWriter?.fatal,
    bookkeeping: spoolWriter?.bookkeeping,
  };
}
