import { expect, test } from 'vitest';
import type { Database } from '../../src/state/database.ts';
import { openDatabase } from '../../src/state/store.ts';
import { CLOSED, scanOf, ssh, tcp, up } from '../support/lab-scan.ts';
import { World } from '../support/world.ts';

/** Records the statements that each transaction writes with; each transaction waits for the disk. */
function recordingWrites(): { readonly open: (stateDir: string) => Database; readonly transactions: readonly (readonly string[])[] } {
  const transactions: string[][] = [];
  let depth = 0;
  const transaction = <T>(database: Database, work: () => T): T => {
    if (depth++ === 0) transactions.push([]);
    try {
      return database.transaction(work);
    } finally {
      depth--;
    }
  };
  return {
    transactions,
    open: (stateDir) =>
      new Proxy(openDatabase(stateDir), {
        get(database, key) {
          if (key === 'transaction') return <T>(work: () => T) => transaction(database, work);
          if (key !== 'run') return Reflect.get(database, key, database) as unknown;
          return (...args: Parameters<Database['run']>) => {
            transactions.at(-1)?.push(args[0]);
            return database.run(...args);
          };
        },
      }),
  };
}

test('an answer to changes is noted, and their batch leaves the spool, in one transaction, which waits for the disk once', async () => {
  const world = new World();
  await world.run([scanOf({ day: 0, inside: up(1) })]);
  const recording = recordingWrites();
  await world.run([scanOf({ day: 1, inside: up(1, CLOSED + tcp(22, 'open', ssh('9.2'))) })], {}, recording);
  const writing = (beginning: string): number => recording.transactions.filter((all) => all.some((sql) => sql.startsWith(beginning))).length;
  // Changes, inventory, and what portlog tells about the run.
  expect(writing('DELETE FROM spool')).toBe(3);
  expect(writing('UPDATE ledger SET fate')).toBe(3);
});
