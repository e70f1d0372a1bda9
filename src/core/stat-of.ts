import { type Stats, statSync } from 'node:fs';

/** What is at a path, links followed; undefined when nothing is, or it may not be looked at: whoever opens it says why. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
