import { PortlogError } from '../../src/core/errors.ts';
import type { Database } from '../../src/state/database.ts';
import { openDatabase } from '../../src/state/store.ts';

/** How a process ends that is killed while it writes. */
export interface Death {
  /** From now on every write fails: the process is gone. */
  readonly hasCome: boolean;
  /** Opens the state of the process that is to die. */
  readonly open: (stateDir: string) => Database;
}

/** Death at the `n`th commit: before it when `done` is false, right after it otherwise. */
export function deathAtCommit(n: number, done: boolean): Death {
  let [hasCome, commits, isInside] = [false, 0, false];
  const die = (): never => {
    hasCome = true;
    throw new Error('killed');
  };
  const commit = <T>(database: Database, work: () => T): T => {
    if (hasCome) return die();
    if (isInside) return work();
    if (++commits === n && !done) die();
    isInside = true;
    try {
      return database.transaction(work);
    } finally {
      isInside = false;
      if (commits === n && done) hasCome = true;
    }
  };
  return {
    get hasCome() {
      return hasCome;
    },
    open: (stateDir) =>
      new Proxy(openDatabase(stateDir), {
        get(database, key) {
          if (key === 'transaction') return <T>(work: () => T) => commit(database, work);
          if (key === 'run') return (...args: Parameters<Database['run']>) => (hasCome ? die() : database.run(...args));
          return Reflect.get(database, key, database) as unknown;
        },
      }),
  };
}

/** A disk that is full from the `from`th commit on, and has room again from the `to`th one on. */
export function fullDisk(from: number, to: number): (stateDir: string) => Database {
  let commits = 0;
  const isFull = (): boolean => ++commits >= from && commits < to;
  const fail = (): never => {
    throw new PortlogError('state-unusable', 'the disk is full');
  };
  return (stateDir) =>
    new Proxy(openDatabase(stateDir), {
      get(database, key) {
        if (key === 'transaction')
          return <T>(work: () => T): T => database.transaction(!database.isInTransaction && isFull() ? () => [work(), fail()] as never : work);
        if (key === 'run') return (...args: Parameters<Database['run']>) => (!database.isInTransaction && isFull() ? fail() : database.run(...args));
        return Reflect.get(database, key, database) as unknown;
      },
    });
}
