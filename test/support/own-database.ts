import { afterEach, beforeEach } from 'vitest';
import type { Database } from '../../src/state/database.ts';
import { openDatabase } from '../../src/state/store.ts';
import { fastDir } from './run-portlog.ts';

export let stateDir: string;
export let database: Database;

/** Each test of the file has a state of its own. */
export function ownDatabase(): void {
  beforeEach(() => {
    stateDir = fastDir();
    database = openDatabase(stateDir);
  });
  afterEach(() => database.close());
}
