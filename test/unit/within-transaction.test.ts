import { expect, test } from 'vitest';
import { WithinTransaction } from '../../src/state/within-transaction.ts';
import { openStore } from '../support/delivery.ts';
import { freshDir } from '../support/run-portlog.ts';

test('an answer is read once for a transaction, and each time when another process may have changed it', () => {
  const { database } = openStore(freshDir());
  const kept = new WithinTransaction<number>(database);
  let reads = 0;
  const ask = (question = 'how many'): number => kept.answer(question, () => ++reads);
  expect([ask(), ask()]).toEqual([1, 2]);
  expect(database.transaction(() => [ask(), ask(), ask('which'), ask('which')])).toEqual([3, 3, 4, 4]);
  expect(database.transaction(() => [ask('which'), ask('which')])).toEqual([5, 5]);
  const forgotten = (): readonly number[] => {
    const before = ask();
    kept.forget();
    return [before, ask()];
  };
  expect(database.transaction(forgotten)).toEqual([6, 7]);
});
