import type { Change } from './change.ts';
import type { KnownFinding, KnownPort } from '../state/known-host.ts';
import type { Sighting } from './sighting.ts';

/** A host as a run saw it, with the place of the run among the scans. */
export interface Observation {
  readonly sighting: Sighting;
  /** Epoch milliseconds. */
  readonly time: number;
  /** The number of the scan in the state file. */
  readonly scan: number;
  /** Distinguishes this sighting from others at the same time. */
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
  /** The same sighting was observed before, so nothing was changed. */
  readonly isRepeated?: true;
  readonly changes: readonly Change[];
  /** Nothing was known about the host, so it is unknown whether it is new. */
  readonly isFirstSeen: boolean;
  /** Open ports that no earlier run has tested. */
  readonly firstSeen: readonly KnownPort[];
  /** Ports that are open or not, other than before, without a change of their own: their host is silent, or back. */
  readonly unreported: readonly KnownPort[];
  /** Number of findings that were not looked for before, and are not severe enough to be reported at once. */
  readonly firstFindings: number;
  /** Number of findings that were not looked for before, and are reported because of their severity. */
  readonly graveFindings: number;
  /** Findings that have appeared, disappeared or changed for the inventory, whether or not that is reported. */
  readonly findings: readonly KnownFinding[];
}
