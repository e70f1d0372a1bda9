import type { KnownPort } from '../state/known-host.ts';
import { wouldList } from './coverage.ts';
import type { Wanted } from './runs-at.ts';
import type { LaterRun, RunSetup, ScanRecord } from './scan-record.ts';

/** Knows what a run with given arguments looks for. */
export interface LookupRules {
  /** Whether a run with these arguments looks for what a source finds. */
  looksFor(args: string | undefined, source: string): boolean;
}

/** What may have been looked for before. */
export interface Question {
  readonly address: string;
  /** Undefined: the host itself. */
  readonly port: KnownPort | undefined;
  readonly source: string;
  /** Only runs that ended at this time or later count, epoch milliseconds. */
  readonly since: number;
}

/** Whether any of these complete runs would have listed a host, had it been up. */
export function wasLookedFor(address: string, runs: Iterable<ScanRecord>): boolean {
  for (const { coverage, counts } of runs) if (wouldList(coverage, address, counts.unread)) return true;
  return false;
}

/** Whether one of the runs has looked for what a source finds. `runs`: yields the runs that are wanted. */
export function hasLookedBefore(
  { address, port, source, since }: Question,
  runs: (wanted: Wanted) => Iterable<ScanRecord>,
  looking: LookupRules,
): boolean {
  const isMeant = (run: RunLooks): boolean => looksAt(run, { port, source }, looking);
  return wasLookedFor(address, runs({ since, isMeant }));
}

/** The complete runs that have looked for what a source finds. */
export function runsThatLooked(runs: Iterable<LaterRun>, { address, ...what }: Omit<Question, 'since'>, looking: LookupRules): readonly LaterRun[] {
  return [...runs].filter((run) => looksAt(run, what, looking) && wouldList(run.coverage, address, run.counts.unread));
}

type RunLooks = Pick<ScanRecord, 'setup' | 'coverage'>;

function looksAt({ setup, coverage }: RunLooks, { port, source }: Pick<Question, 'port' | 'source'>, looking: LookupRules): boolean {
  if (port !== undefined && coverage.ports.get(port.protocol)?.has(port.number) !== true) return false;
  return doesLook(setup, source, looking);
}

/** Answers by set-up: all runs of a kind share one, and thousands of hosts ask about it. */
const KNOWN = new WeakMap<RunSetup, Map<string, boolean>>();

function doesLook(setup: RunSetup, source: string, looking: LookupRules): boolean {
  const known = KNOWN.get(setup) ?? new Map<string, boolean>();
  const does = known.get(source) ?? looking.looksFor(setup.args, source);
  KNOWN.set(setup, known.set(source, does));
  return does;
}
