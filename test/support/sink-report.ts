import { newTally } from '../../src/state/tally.ts';
import { noneGivenUp } from '../../src/delivery/given-up.ts';
import type { SinkReport } from '../../src/delivery/report.ts';

/** Of a sink to which nothing has happened, but for what is said. */
export function sinkReportOf(more: Partial<SinkReport> = {}): SinkReport {
  const none = newTally();
  return {
    sink: 'file out',
    tally: none,
    own: none,
    inventory: none,
    replayed: none,
    givenUp: noneGivenUp(),
    waiting: 0,
    damaged: 0,
    failure: undefined,
    firstRejection: undefined,
    firstRefusal: undefined,
    spoolFull: false,
    unaccountable: undefined,
    bookkeeping: undefined,
    ...more,
  };
}
