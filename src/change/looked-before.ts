import type { KnownPort } from '../state/known-host.ts';
import { wouldList } from './coverage.ts';
import type { Wanted } from './runs-at.ts';
import type { LaterRun, RunSetup, ScanRecord } from './scan-record.ts';

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

/** Whether one of them has looked for what a source finds. `runs`: those that are wanted. */
export function hasLookedBefore(
  { address, port, source, since }: Question,
  runs: (wanted: Wanted) => Iterable<ScanRecord>,
  looking: Looking,
): boolean {
  const isMeant = (run: Looks): boolean => looksAt(run, { port, source }, looking);
  return wasLookedFor(address, runs({ since, isMeant }));
}

/** Those of complete runs that have looked for what a source finds. */
export function thoseLooking(runs: Iterable<LaterRun>, { address, ...what }: Omit<Question, 'since'>, looking: Looking): readonly LaterRun[] {
  return [...runs].filter((run) => looksAt(run, what, looking) && wouldList(run.coverage, address, run.counts.unread));
}

type Looks = Pick<ScanRecord, 'setup' | 'coverage'>;

function looksAt({ setup, coverage }: Looks, { port, source }: Pick<Question, 'port' | 'source'>, looking: Looking): boolean {
  if (port !== undefined && coverage.ports.get(port.protocol)?.has(port.number) !== true) return false;
  return doesLook(setup, source, looking);
}

/** Runs of a kind have one set-up, which hosts ask about by the thousand. */
const KNOWN = new WeakMap<RunSetup, Map<string, boolean>>();

function doesLook(setup: RunSetup, source: string, looking: Looking): boolean {
  const known = KNOWN.get(setup) ?? new Map<string, boolean>();
  const does = known.get(source) ?? looking.looksFor(setup.args, source);
  KNOWN.set(setup, known.set(source, does));
  return does;
}
