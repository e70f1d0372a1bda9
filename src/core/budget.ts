/**
 * Limits the work that queries may do together. Budget is earned back little by little, so that a few expensive queries are answered, but not
 * thousands of them.
 */
export class Budget {
  private readonly most: number;
  private readonly earned: number;
  private left: number;
  private wasSpent = false;

  /** `earned`: what each query adds, up to `most`. */
  constructor({ most, earned }: { readonly most: number; readonly earned: number }) {
    this.most = most;
    this.earned = earned;
    this.left = most;
  }

  /** Called at the beginning of a query. `also`: what this one adds beside what each adds. */
  earn(also = 0): void {
    this.left = Math.min(this.left + this.earned + also, this.most);
  }

  spend(work: number): void {
    this.left -= work;
  }

  /** Whether any budget is left. If not, the caller leaves something out. */
  mayGoOn(): boolean {
    if (this.left <= 0) this.wasSpent = true;
    return this.left > 0;
  }

  /** Whether something was left out since the last call. */
  takeSpent(): boolean {
    const { wasSpent } = this;
    this.wasSpent = false;
    return wasSpent;
  }
}
