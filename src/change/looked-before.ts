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
  for (const { setup, coverage, ended, counts } of runs) {
    if (ended < since || !looking.looksFor(setup.args, source) || !wouldList(coverage, address, counts.unread)) continue;
    if (port === undefined || coverage.ports.get(port.protocol)?.has(port.number) === true) return true;
  }
  return false;
}
