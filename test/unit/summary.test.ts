import { expect, test } from 'vitest';
import { printSummary } from '../../src/cli/session/report/summary.ts';
import { Log } from '../../src/cli/session/log.ts';
import type { SinkReport } from '../../src/delivery/report.ts';
import type { ShipReport } from '../../src/pipeline/ship.ts';
import { SinkError } from '../../src/sink/sink.ts';
import { newTally } from '../../src/state/tally.ts';
import { sinkReportOf } from '../support/sink-report.ts';

/** What is said of 5 events that wait. */
function saidOf(more: Partial<SinkReport>): string {
  const sink = sinkReportOf({ sink: 'es', waiting: 5, ...more });
  let said = '';
  const log = new Log({ write: (text: string) => void (said += text) } as never, 'normal');
  printSummary({ inputs: [], sinks: [sink], interrupted: false, lostRuns: [] } as unknown as ShipReport, log);
  return said.split('\n').find((line) => line.includes('on disk')) ?? '';
}

test('the server’s message about waiting events is logged when it accepts others, unless another problem was logged before', () => {
  const firstRefusal = 'fail_processor_exception: not now';
  expect(saidOf({ firstRefusal })).toBe(`portlog: es: 5 events wait on disk, because it does not take them now (${firstRefusal})`);
  expect(saidOf({ firstRejection: 'no', tally: { ...newTally(), dead: 1 } })).toBe('portlog: es: 5 events wait on disk');
  expect(saidOf({ firstRefusal, failure: new SinkError('temporary', 'down') })).toBe('portlog: es: 5 events wait on disk');
});
