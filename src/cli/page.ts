import { posix } from 'node:path';
import { packageNames, packageText } from '../core/package-files.ts';
import { PortlogError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';

/** Of two pages with one name, the reference comes first: `portlog help rules` lists the rules. */
const FOLDERS = ['docs/reference/', 'docs/how-to/', 'docs/explanation/', 'docs/runbooks/'];

/** Names of pages without their ending, in order. */
export function topics(): readonly string[] {
  return FOLDERS.flatMap(topicsIn).toSorted();
}

/** The topics by the name of their folder, for a list. */
export function topicsByFolder(): readonly (readonly [folder: string, topics: readonly string[]])[] {
  return FOLDERS.map((folder) => [posix.basename(folder), topicsIn(folder)]);
}

function topicsIn(folder: string): readonly string[] {
  return packageNames(folder).map((name) => name.replace(/\.md$/, ''));
}

/** A page of the documentation, as messages name it: `docs/how-to/scan.md`, or only `scan.md`. Throws `usage`. */
export function pageText(given: string): string {
  const pages = FOLDERS.flatMap((folder) => packageNames(folder).map((name) => folder + name));
  const [path, ...others] = pages.filter((page) => page === given || posix.basename(page) === given);
  if (path !== undefined) return [packageText(path).trimEnd(), ...others.map((other) => `See also: portlog help ${other}`)].join('\n\n');
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
