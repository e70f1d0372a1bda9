/**
 * How much work questions may make together before they get no answer. What is spent comes back little by little, so that a few expensive
 * questions are answered, and thousands of them do not go through everything each time.
 */
export class Budget {
  private readonly most: number;
  private readonly earned: number;
  private left: number;

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

  get isSpent(): boolean {
    return this.left <= 0;
  }
}
