import type { Bounded } from './facts.ts';

/** Keeps the first items in an order, holding at most twice as many. */
export class Top<T> {
  private readonly keep: number;
  private readonly compare: (a: T, b: T) => number;
  private rows: T[] = [];
  private total = 0;

  constructor(keep: number, compare: (a: T, b: T) => number) {
    this.keep = keep;
    this.compare = compare;
  }

  add(row: T): void {
    this.total++;
    this.rows.push(row);
    if (this.rows.length >= this.keep * 2) this.cut();
  }

  all(): Bounded<T> {
    this.cut();
    return { rows: this.rows, total: this.total };
  }

  private cut(): void {
    this.rows = this.rows.toSorted(this.compare).slice(0, this.keep);
  }
}
