import { expect, test } from 'vitest';
import { printSummary } from '../../src/cli/session/report/summary.ts';
import { Log } from '../../src/cli/session/log.ts';
import type { SinkReport } from '../../src/delivery/report.ts';
import { type InputReport, newInputReport } from '../../src/pipeline/input-report.ts';
import type { ShipReport } from '../../src/pipeline/ship.ts';
import { SinkError } from '../../src/sink/sink.ts';
import { newTally } from '../../src/state/tally.ts';
import { sinkReportOf } from '../support/sink-report.ts';

/** What is said of 5 events that wait. */
function saidOf(more: Partial<SinkReport>): string {
  const sink = sinkReportOf({ sink: 'es', waiting: 5, ...more });
  let said = '';
  const log = new Log({ write: (text: string) => void (said += text) } as never, 'normal');
  printSummary({ inputs: [], notRead: [], sinks: [sink], interrupted: false, lostRuns: [] } as unknown as ShipReport, log);
  return said.split('\n').find((line) => line.includes('on disk')) ?? '';
}

test('the server’s message about waiting events is logged when it accepts others, unless another problem was logged before', () => {
  const firstRefusal = 'fail_processor_exception: not now';
  expect(saidOf({ firstRefusal })).toBe(`portlog: es: 5 events wait on disk, because it does not take them now (${firstRefusal})`);
  expect(saidOf({ firstRejection: 'no', tally: { ...newTally(), dead: 1 } })).toBe('portlog: es: 5 events wait on disk');
  expect(saidOf({ firstRefusal, failure: new SinkError('temporary', 'down') })).toBe('portlog: es: 5 events wait on disk');
});

test.for<readonly [string, Partial<InputReport>, string]>([
  ['a whole scan', {}, '1 run, 4 hosts listed, 0 open ports; nothing has changed'],
  ['a list scan', { listed: 1, portScans: 0 }, '1 run, 4 hosts named, none looked at'],
  ['a scan that nmap ended with an error', { failed: 1 }, '1 run, 4 hosts listed, 0 open ports'],
  ['a scan that gave up on a host', { timedOut: 1 }, '1 run, 4 hosts listed, 0 open ports'],
  ['a scan that was cut', { incomplete: 1 }, '1 run, 4 hosts listed, 0 open ports'],
  ['a scan of which only a part was read', { partOnly: true }, '1 run, 4 hosts listed, 0 open ports'],
  ['a scan with an element that cannot be read', { refused: 1 }, '1 run, 4 hosts listed, 0 open ports'],
  ['a scan beside a list scan', { listed: 1, runs: 2 }, '2 runs, 4 hosts listed, 0 open ports; nothing has changed'],
])('only a whole scan says that nothing has changed: %s', ([, more, said]) => {
  let text = '';
  const log = new Log({ write: (line: string) => void (text += line) } as never, 'normal');
  const changes = { counts: {}, first: {}, isBaseline: false, earlier: {} } as unknown as NonNullable<InputReport['changes']>;
  const input: InputReport = { ...newInputReport('scan.xml'), runs: 1, hosts: 4, portScans: 1, ...more, changes };
  printSummary({ inputs: [input], notRead: [], sinks: [], interrupted: false, lostRuns: [] } as unknown as ShipReport, log);
  expect(text).toBe(`portlog: scan.xml: ${said}\n`);
});
