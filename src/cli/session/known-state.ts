import { existsSync } from 'node:fs';
import type { KnownHosts } from '../../state/known-hosts.ts';
import { openAsAllowed, openDatabase, stateFile } from '../../state/store.ts';
import { EXIT, type ExitCode } from '../../core/errors.ts';
import type { Database } from '../../state/database.ts';
import type { Speaker } from './terminal.ts';

/**
 * How every command opens the state that only reads it: where nothing may be written, too, and while another process writes to it.
 * Undefined when there is none.
 */
export async function readState<T>(stateDir: string, work: (database: Database) => Promise<T>): Promise<T | undefined> {
  return withDatabase(stateDir, openAsAllowed, work);
}

/** The same, with a word when there is none. */
export async function withKnown<T>(stateDir: string, speaker: Speaker, work: (database: Database) => Promise<T>): Promise<T | undefined> {
  return (await readState(stateDir, work)) ?? sayNothingKnown(speaker, stateDir);
}

/** For who changes what is known. */
export async function changeKnown<T>(stateDir: string, speaker: Speaker, work: (database: Database) => Promise<T>): Promise<T | undefined> {
  return (await withDatabase(stateDir, openDatabase, work)) ?? sayNothingKnown(speaker, stateDir);
}

async function withDatabase<T>(
  stateDir: string,
  open: (stateDir: string) => Database,
  work: (database: Database) => Promise<T>,
): Promise<T | undefined> {
  if (!existsSync(stateFile(stateDir))) return undefined;
  const database = open(stateDir);
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

function sayNothingKnown(speaker: Speaker, stateDir: string): undefined {
  speaker.say(`nothing is known yet: there is no ${stateFile(stateDir)}`);
  speaker.say('  → ship a scan (portlog --to …) with the same --state-dir; what goes to standard output alone is not remembered');
}
