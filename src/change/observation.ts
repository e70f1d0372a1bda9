import type { Change } from './change.ts';
import type { KnownFinding, KnownPort } from '../state/known-host.ts';
import type { Sighting } from './sighting.ts';

/** A host as a run saw it, and its place among the scans. */
export interface Observation {
  readonly sighting: Sighting;
  /** Epoch milliseconds. */
  readonly time: number;
  /** The number of the scan in the state file. */
  readonly scan: number;
  /** Distinguishes this sighting from others of the same time. */
  readonly mark: string;
  /** Whether an earlier, complete run would have listed the host, had it been up. */
  wasLookedFor(): boolean;
  /** Whether a run that ended at or after `since` has looked for what `source` finds, at that port or at the host. */
  hasLookedBefore(port: KnownPort | undefined, source: string, since: number): boolean;
  /** Later runs that have looked for what `source` finds, at that port or at the host, the latest first. Times are epoch milliseconds. */
  laterLooks(port: KnownPort | undefined, source: string): readonly LaterLook[];
  /** Whether the run of that number has looked for what `source` finds. */
  hasLookedIn(scan: number, source: string): boolean;
}

interface LaterLook {
  readonly started: number;
  readonly ended: number;
}

/** The result of a sighting. */
export interface Outcome {
  /** It was observed before: nothing of what is known was touched. */
  readonly isRepeated?: true;
  readonly changes: readonly Change[];
  /** Nothing was known about the host, so it is not known whether it is new. */
  readonly isFirstSeen: boolean;
  /** Open ports that no earlier run has tested. */
  readonly firstSeen: readonly KnownPort[];
  /** Findings not looked for before, and not severe enough to be reported at once. */
  readonly firstFindings: number;
  /** Not looked for before either, and so severe that they are. */
  readonly graveFindings: number;
  /** Weaknesses that are there or gone now and were not, or of which something else is said, told or not. */
  readonly findings: readonly KnownFinding[];
}
