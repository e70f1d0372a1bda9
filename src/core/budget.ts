/**
 * How much work questions may make together before they get no answer. What is spent comes back little by little, so that a few expensive
 * questions are answered, and thousands of them do not go through everything each time.
 */
export class Budget {
  private readonly most: number;
  private readonly earned: number;
  private left: number;
  private wasSpent = false;

  /** `earned`: what each question adds again, up to `most`. */
  constructor({ most, earned }: { readonly most: number; readonly earned: number }) {
    this.most = most;
    this.earned = earned;
    this.left = most;
  }

  /** A question begins. */
  earn(): void {
    this.left = Math.min(this.left + this.earned, this.most);
  }

  spend(work: number): void {
    this.left -= work;
  }

  /** Something is left. Who asks leaves something out otherwise. */
  mayGoOn(): boolean {
    if (this.left <= 0) this.wasSpent = true;
    return this.left > 0;
  }

  /** Whether something was left out since the last time that this was asked. */
  takeSpent(): boolean {
    const { wasSpent } = this;
    this.wasSpent = false;
    return wasSpent;
  }
}
