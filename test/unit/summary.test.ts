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
  return linesOf({ waiting: 5, ...more }).find((line) => line.includes('on disk')) ?? '';
}

function linesOf(more: Partial<SinkReport>): readonly string[] {
  const sink = sinkReportOf({ sink: 'es', ...more });
  let said = '';
  const log = new Log({ write: (text: string) => void (said += text) } as never, 'normal');
  printSummary({ inputs: [], notRead: [], sinks: [sink], interrupted: false, lostRuns: [] } as unknown as ShipReport, log);
  return said.split('\n');
}

test.for([
  [1, '1 event is outside the times that it accepts, and carries the time of sending instead'],
  [2, '2 events are outside the times that it accepts, and carry the time of sending instead'],
] as const)('%i with another time than its own', ([restamped, words]) => {
  expect(linesOf({ tally: { ...newTally(), restamped } })).toContain(`portlog: es: ${words}`);
});

test('the server’s message about waiting events is logged when it accepts others, unless another problem was logged before', () => {
  const firstRefusal = 'fail_processor_exception: not now';
  expect(saidOf({ firstRefusal })).toBe(`portlog: es: 5 events wait on disk, because it does not take them now (${firstRefusal})`);
  expect(saidOf({ firstRejection: 'no', tally: { ...newTally(), dead: 1 } })).toBe('portlog: es: 5 events wait on disk');
  expect(saidOf({ firstRefusal, failure: new SinkError('temporary', 'down') })).toBe('portlog: es: 5 events wait on disk');
});

const LESS = 'it looked at less than the last scan with these arguments';

function changed(counts: Readonly<Record<string, number>>, places: readonly string[] = []): NonNullable<InputReport['changes']> {
  return { counts, first: { 'host-missing': places }, isBaseline: false, earlier: {} };
}

test.for<readonly [string, Partial<InputReport>, string]>([
  ['a whole scan', {}, '1 run, 4 hosts listed, 0 open ports; nothing has changed'],
  ['a list scan', { listed: 1, portScans: 0 }, '1 run, 4 hosts named, none looked at'],
  ['a scan that nmap ended with an error', { failed: 1 }, '1 run, 4 hosts listed, 0 open ports'],
  ['a scan that gave up on a host', { timedOut: 1 }, '1 run, 4 hosts listed, 0 open ports'],
  ['a scan that was cut', { incomplete: 1 }, '1 run, 4 hosts listed, 0 open ports'],
  ['a scan of which only a part was read', { partOnly: true }, '1 run, 4 hosts listed, 0 open ports'],
  ['a scan with an element that cannot be read', { refused: 1 }, '1 run, 4 hosts listed, 0 open ports'],
  [
    'a scan that looked at less',
    { changes: changed({ 'scope-shrank': 1 }) },
    `1 run, 4 hosts listed, 0 open ports; ${LESS}; where it looked, nothing has changed`,
  ],
  [
    'changes, and less',
    { changes: changed({ 'host-missing': 1, 'scope-shrank': 1 }, ['192.0.2.1']) },
    `1 run, 4 hosts listed, 0 open ports; changed: 1 host missing (192.0.2.1); ${LESS}`,
  ],
  [
    'two changes at one place',
    { changes: changed({ 'host-missing': 4 }, ['192.0.2.1', '192.0.2.2', '192.0.2.3']) },
    '1 run, 4 hosts listed, 0 open ports; changed: 4 hosts missing (192.0.2.1, 192.0.2.2, 192.0.2.3)',
  ],
  [
    'more places than are shown',
    { changes: changed({ 'host-missing': 9 }, ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']) },
    '1 run, 4 hosts listed, 0 open ports; changed: 9 hosts missing (192.0.2.1, 192.0.2.2, 192.0.2.3, …)',
  ],
  ['a scan beside a list scan', { listed: 1, runs: 2 }, '2 runs, 4 hosts listed, 0 open ports; nothing has changed'],
])('what has changed is said, and of whole scans that nothing has: %s', ([, more, said]) => {
  let text = '';
  const log = new Log({ write: (line: string) => void (text += line) } as never, 'normal');
  const input: InputReport = { ...newInputReport('scan.xml'), runs: 1, hosts: 4, portScans: 1, changes: changed({}), ...more };
  printSummary({ inputs: [input], notRead: [], sinks: [], interrupted: false, lostRuns: [] } as unknown as ShipReport, log);
  expect(text).toBe(`portlog: scan.xml: ${said}\n`);
});
