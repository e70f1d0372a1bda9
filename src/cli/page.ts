import { posix } from 'node:path';
import { packageNames, packageText } from '../core/package-files.ts';
import { PortlogError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { COMMAND_NAMES } from './commands.ts';

const FOLDERS = ['docs/how-to/', 'docs/reference/', 'docs/explanation/', 'docs/runbooks/'];

/** Whether there is a page of that name: `exit-codes`. */
export function isTopic(word: string): boolean {
  return topics().includes(word);
}

/** The error for a word that is neither a command nor a topic. */
export function noTopic(word: string): PortlogError {
  const guess = nearest(word.toLowerCase(), [...COMMAND_NAMES, ...topics()]);
  return new PortlogError('usage', `there is no command "${word}", and no page of that name`, {
    hint: guess === undefined ? 'portlog help lists the commands and pages' : `did you mean portlog help ${guess}?`,
  });
}

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
