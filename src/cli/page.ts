import { posix } from 'node:path';
import { packageNames, packageText } from '../core/package-files.ts';
import { PortlogError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';

const FOLDERS = ['docs/how-to/', 'docs/reference/', 'docs/explanation/', 'docs/runbooks/'];

/** Names of pages without their ending, in order. */
export function topics(): readonly string[] {
  return FOLDERS.flatMap((folder) => packageNames(folder).map((name) => name.replace(/\.md$/, ''))).toSorted();
}

/** A page of the documentation, as messages name it: `docs/how-to/scan.md`, or only `scan.md`. Throws `usage`. */
export function pageText(given: string): string {
  const pages = FOLDERS.flatMap((folder) => packageNames(folder).map((name) => folder + name));
  const path = pages.find((page) => page === given || posix.basename(page) === given);
  if (path !== undefined) return packageText(path).trimEnd();
  const guess =
    nearest(given, pages) ??
    nearest(
      posix.basename(given),
      pages.map((page) => posix.basename(page)),
    );
  throw new PortlogError('usage', `there is no page ${given}`, {
    hint: guess === undefined ? `there are: ${pages.map((page) => posix.basename(page)).join(', ')}` : `did you mean ${guess}?`,
  });
}
