/**
 * Limits the work that queries may do together, for one input. Budget is earned back little by little, so that a few expensive queries are
 * answered, but not thousands of them.
 */
export class Budget {
  private readonly limit: number;
  private readonly perQuery: number;
  private left: number;
  private wasExhausted = false;

  /** `earned`: what each query adds, up to `most`. */
  constructor({ most: limit, earned: perQuery }: { readonly most: number; readonly earned: number }) {
    this.limit = limit;
    this.perQuery = perQuery;
    this.left = limit;
  }

  /** Called at the beginning of a query. `also`: what this one adds beside what each adds. */
  refill(also = 0): void {
    this.left = Math.min(this.left + this.perQuery + also, this.limit);
  }

  /** Called at the beginning of an input: what another one has spent must not be missing here. */
  renew(): void {
    this.left = this.limit;
    this.wasExhausted = false;
  }

  spend(work: number): void {
    this.left -= work;
  }

  /** Whether any budget is left. If not, the caller leaves something out. */
  hasLeft(): boolean {
    if (this.left <= 0) this.wasExhausted = true;
    return this.left > 0;
  }

  /** Whether something was left out since the last call. */
  takeExhausted(): boolean {
    const { wasExhausted } = this;
    this.wasExhausted = false;
    return wasExhausted;
  }
}
