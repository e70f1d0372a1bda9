import type { KnownPort } from '../state/known-host.ts';
import { wouldList } from './coverage.ts';
import type { ScanRecord } from './scan-record.ts';

/** Who knows what arguments make nmap look for. */
export interface Looking {
  /** Whether a run with these arguments looks for what a source finds. */
  looksFor(args: string | undefined, source: string): boolean;
}

/** What was perhaps looked for before. */
export interface Question {
  readonly address: string;
  /** Undefined: at the host itself. */
  readonly port: KnownPort | undefined;
  readonly source: string;
  /** By a run that ended then or later, epoch milliseconds. */
  readonly since: number;
}

/** Whether one of complete runs would have listed the host of an address, had it been up. */
export function wasLookedFor(address: string, runs: Iterable<ScanRecord>): boolean {
  for (const { coverage, counts } of runs) if (wouldList(coverage, address, counts.unread)) return true;
  return false;
}

/** Whether one of them has looked for what a source finds. */
export function hasLookedBefore({ address, port, source, since }: Question, runs: Iterable<ScanRecord>, looking: Looking): boolean {
  for (const run of runs) if (run.ended >= since && looksAt(run, { address, port, source }, looking)) return true;
  return false;
}

/** Those of complete runs that have looked for what a source finds. */
export function thoseLooking(runs: Iterable<ScanRecord>, what: Omit<Question, 'since'>, looking: Looking): readonly ScanRecord[] {
  return [...runs].filter((run) => looksAt(run, what, looking));
}

function looksAt({ setup, coverage, counts }: ScanRecord, { address, port, source }: Omit<Question, 'since'>, looking: Looking): boolean {
  if (!looking.looksFor(setup.args, source) || !wouldList(coverage, address, counts.unread)) return false;
  return port === undefined || coverage.ports.get(port.protocol)?.has(port.number) === true;
}
