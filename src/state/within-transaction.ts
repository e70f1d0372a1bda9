import type { Database } from './database.ts';

/**
 * The answer to the latest question, kept for the thousands of hosts of a run until the transaction ends. Outside of one, other processes may
 * change the answer, so it is read each time.
 */
export class WithinTransaction<T> {
  private readonly database: Database;
  private kept: { readonly transaction: number; readonly question: string; readonly answer: T } | undefined;

  constructor(database: Database) {
    this.database = database;
  }

  answer(question: string, read: () => T): T {
    const { isInTransaction, transactions: transaction } = this.database;
    if (!isInTransaction) return read();
    const { kept } = this;
    if (kept?.transaction === transaction && kept.question === question) return kept.answer;
    const answer = read();
    this.kept = { transaction, question, answer };
    return answer;
  }

  /** What the answer depends on was written. */
  forget(): void {
    this.kept = undefined;
  }
}
