import type { Database } from '../../src/state/database.ts';
import { openDatabase } from '../../src/state/store.ts';

/** Opens a state, and counts the statements that it is asked and the rows that `all` gives. */
export interface Counting {
  readonly open: (stateDir: string) => Database;
  readonly statements: number;
  readonly rows: number;
}

const ASKS = new Set<unknown>(['get', 'all', 'run', 'each']);

export function countingDatabase(): Counting {
  let [statements, rows] = [0, 0];
  const counted = (work: (...args: unknown[]) => unknown, ...args: unknown[]): unknown => {
    statements += 1;
    const answer = work(...args);
    if (Array.isArray(answer)) rows += answer.length;
    return answer;
  };
  return {
    get statements() {
      return statements;
    },
    get rows() {
      return rows;
    },
    open: (stateDir) =>
      new Proxy(openDatabase(stateDir), {
        get(database, key) {
          const member = Reflect.get(database, key, database) as unknown;
          if (typeof member !== 'function') return member;
          const bound = member.bind(database) as (...args: unknown[]) => unknown;
          return ASKS.has(key) ? (...args: unknown[]) => counted(bound, ...args) : bound;
        },
      }),
  };
}
