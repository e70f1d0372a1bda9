import { existsSync } from 'node:fs';
import type { KnownHosts } from '../../state/known-hosts.ts';
import { openAsAllowed, stateFile } from '../../state/store.ts';
import { EXIT, type ExitCode } from '../../core/errors.ts';
import type { Database } from '../../state/database.ts';
import type { Speaker } from './terminal.ts';

/** Reads what is known, also where nothing may be written, and closes it; undefined, with a word, when nothing is. */
export async function withKnown<T>(stateDir: string, speaker: Speaker, work: (database: Database) => Promise<T>): Promise<T | undefined> {
  const path = stateFile(stateDir);
  if (!existsSync(path)) {
    sayNothingKnown(speaker, path);
    return undefined;
  }
  const database = openAsAllowed(stateDir);
  try {
    return await work(database);
  } finally {
    database.close();
  }
}

/** Says which hosts of these sites could not be read, and left out; the exit code follows from it. */
export function sayDamage(speaker: Speaker, sites: readonly KnownHosts[]): ExitCode {
  const damage = sites.flatMap((known) => known.damage ?? []);
  for (const problem of damage) speaker.error(problem);
  return damage.length === 0 ? EXIT.delivered : EXIT.state;
}

/** There is no state file at `path`. */
export function sayNothingKnown(speaker: Speaker, path: string): void {
  speaker.say(`nothing is known yet: there is no ${path}`);
  speaker.say('  → ship a scan (portlog --to …) with the same --state-dir; what goes to standard output alone is not remembered');
}
