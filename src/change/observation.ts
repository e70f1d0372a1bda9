import type { Change } from './change.ts';
import type { KnownFinding, KnownPort } from '../state/known-host.ts';
import type { Sighting } from './sighting.ts';

/** A host as a run saw it, and where that stands among the scans. */
export interface Observation {
  readonly sighting: Sighting;
  /** Epoch milliseconds. */
  readonly time: number;
  /** The number of the scan in the state file. */
  readonly scan: number;
  /** What tells this sighting from every other one of that time. */
  readonly mark: string;
  /** Whether an earlier, complete run would have listed the host, had it been up. */
  wasLookedFor(): boolean;
  /** Whether a run that ended at or after `since` has looked for what `source` finds, at that port or at the host. */
  hasLookedBefore(port: KnownPort | undefined, source: string, since: number): boolean;
  /** Whether the run of that number has looked for what `source` finds. */
  hasLookedIn(scan: number, source: string): boolean;
}

/** What a sighting has changed. */
export interface Outcome {
  readonly changes: readonly Change[];
  /** Nothing was known of the host, so nobody can say whether it is new. */
  readonly isFirstSeen: boolean;
  /** Open ports that no earlier run has tested. */
  readonly firstSeen: readonly KnownPort[];
  /** Weaknesses for which nobody has looked before, and not grave enough to be told at once. */
  readonly firstFindings: number;
  /** Weaknesses that are there or gone now and were not, or of which something else is said, told or not. */
  readonly findings: readonly KnownFinding[];
}
