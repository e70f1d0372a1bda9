import { latestOf } from '../state/index-known.ts';
import type { KnownHost } from '../state/known-host.ts';

/** Revisions that are available within a millisecond. */
const REVISIONS = 1024;

/**
 * The revision of a host's inventory records: of two different records, the later known one has the larger revision. The time alone is not
 * enough: what an older scan adds has no later time, and a wrong clock may be set back. But the time is a part of it, so that a new state file
 * continues after the records that a server already has.
 */
export function revisionOf(known: KnownHost): number {
  return known.revision ?? latestOf(known) * REVISIONS + Math.min(known.marks.length, REVISIONS - 1);
}

/** Runs `work`, which adds to what is known of a host, and raises the revision. */
export function revise<T>(known: KnownHost, work: () => T): T {
  const before = revisionOf(known);
  const result = work();
  known.revision = revisionBehind(known, before);
  return result;
}

/** The same, unless `part` of the host is the same as before. */
export function reviseIfOther<T>(known: KnownHost, part: () => unknown, work: () => T): T {
  const [before, was] = [revisionOf(known), JSON.stringify(part())];
  const result = work();
  if (JSON.stringify(part()) !== was) known.revision = revisionBehind(known, before);
  return result;
}

/** A revision after `before`, and not before the latest known time. */
export function revisionBehind(known: KnownHost, before: number): number {
  return Math.max(latestOf(known) * REVISIONS + 1, before + 1);
}
