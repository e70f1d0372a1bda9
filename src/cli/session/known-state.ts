import type { KnownHosts } from '../../state/known-hosts.ts';
import { hasState, openWritableOrReadOnly, openDatabase, stateFile } from '../../state/store.ts';
import { EXIT, type ExitCode } from '../../core/errors.ts';
import type { Database } from '../../state/database.ts';
import type { Log } from './log.ts';

/** Opens the state read-only; also works on read-only file systems, and while another process writes. Undefined when there is none. */
export async function readState<T>(stateDir: string, work: (database: Database) => Promise<T>): Promise<T | undefined> {
  return withDatabase(stateDir, openWritableOrReadOnly, work);
}

/** The same, with a message when there is none. */
export async function withKnown<T>(stateDir: string, log: Log, work: (database: Database) => Promise<T>): Promise<T | undefined> {
  return (await readState(stateDir, work)) ?? sayNothingKnown(log, stateDir);
}

/** Opens the state for changes. */
export async function changeKnown<T>(stateDir: string, log: Log, work: (database: Database) => Promise<T>): Promise<T | undefined> {
  return (await withDatabase(stateDir, openDatabase, work)) ?? sayNothingKnown(log, stateDir);
}

async function withDatabase<T>(
  stateDir: string,
  open: (stateDir: string) => Database,
  work: (database: Database) => Promise<T>,
): Promise<T | undefined> {
  if (!hasState(stateDir)) return undefined;
  const database = open(stateDir);
  try {
    return await work(database);
  } finally {
    database.close();
  }
}

/** Reports hosts whose known state is damaged; returns the exit code. */
export function reportDamage(log: Log, sites: readonly KnownHosts[]): ExitCode {
  const damage = sites.flatMap((known) => known.damage ?? []);
  for (const problem of damage) log.error(problem);
  return damage.length === 0 ? EXIT.delivered : EXIT.state;
}

function sayNothingKnown(log: Log, stateDir: string): undefined {
  log.warn(`nothing is known yet: there is no ${stateFile(stateDir)}`);
  log.warn('  → ship a scan (portlog --to …) with the same --state-dir; what goes to standard output alone is not remembered');
}
