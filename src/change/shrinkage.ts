import type { ComparedRun } from './compared-run.ts';
import type { ScanRecord } from './scan-record.ts';

/** What a run scanned. */
interface Extent {
  readonly addresses: number;
  /** Number of ports of all protocols. */
  readonly ports: number;
  readonly targets: readonly string[];
}

export interface Shrinkage {
  readonly before: Extent;
  readonly after: Extent;
  readonly earlier: ScanRecord;
}

/**
 * Whether a run has scanned less than the latest run before it that did the same: with the same arguments except for targets and, where both
 * are known, an overlapping scope. Undefined for a run that was read late.
 */
export function shrinkage(current: Pick<ComparedRun, 'record' | 'earlierAlike' | 'laterAlike'>): Shrinkage | undefined {
  const { record: run } = current;
  const { profile } = run.coverage.arguments;
  if (profile === '') return undefined;
  const isAlike = (other: ScanRecord): boolean => other.coverage.arguments.profile === profile && hasSameSetup(run, other);
  const earlier = first(current.earlierAlike, isAlike);
  if (earlier === undefined || first(current.laterAlike, isAlike) !== undefined) return undefined;
  const [before, after] = [extentOf(earlier), extentOf(run)];
  const shrank = after.addresses < before.addresses || after.ports < before.ports;
  return shrank ? { before, after, earlier } : undefined;
}

function first(runs: Iterable<ScanRecord>, isMeant: (run: ScanRecord) => boolean): ScanRecord | undefined {
  for (const run of runs) if (isMeant(run)) return run;
  return undefined;
}

function hasSameSetup(a: ScanRecord, b: ScanRecord): boolean {
  const [x, y] = [a.coverage.arguments, b.coverage.arguments];
  if (x.scope.known && y.scope.known) return x.scope.addresses.overlaps(y.scope.addresses);
  // Names or target lists can only be counted.
  return (
    x.scope.known === y.scope.known && (x.targets.length === 0 ? y.targets.length === 0 : x.targets.some((target) => y.targets.includes(target)))
  );
}

function extentOf({ coverage, counts }: ScanRecord): Extent {
  const { scope, targets } = coverage.arguments;
  let ports = 0;
  for (const set of coverage.ports.values()) ports += set.size;
  return { addresses: scope.known ? scope.addresses.size : (counts.total ?? 0), ports, targets };
}
