import { latestOf } from '../state/index-known.ts';
import type { KnownHost } from '../state/known-host.ts';

/** Room for what happens at one host within a millisecond. */
const REVISIONS = 1024;

/**
 * The version of what the inventory says of a host as it is known now: of two that say something else, the one that was known later has
 * the larger. The time alone does not order them: what an older scan adds has no later one, and a wrong clock is put back. It is in them
 * for who begins with an empty state file at a server that has records already.
 */
export function revisionOf(known: KnownHost): number {
  return known.revision ?? latestOf(known) * REVISIONS + Math.min(known.marks.length, REVISIONS - 1);
}

/** Does `work`, which adds to what is known of a host. */
export function revise<T>(known: KnownHost, work: () => T): T {
  const before = revisionOf(known);
  const result = work();
  known.revision = revisionBehind(known, before);
  return result;
}

/** The same where it may turn out that this part of it was known. */
export function reviseIfOther<T>(known: KnownHost, part: () => unknown, work: () => T): T {
  const [before, was] = [revisionOf(known), JSON.stringify(part())];
  const result = work();
  if (JSON.stringify(part()) !== was) known.revision = revisionBehind(known, before);
  return result;
}

/** Behind that one, and of the time of the latest that is known. */
export function revisionBehind(known: KnownHost, before: number): number {
  return Math.max(latestOf(known) * REVISIONS + 1, before + 1);
}
