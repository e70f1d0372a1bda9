/** Finds the next occurrence of a mark; asked in ascending order, it searches the text once. */
export class NextIndex {
  private next = -1;
  private askedFrom = Number.POSITIVE_INFINITY;

  private readonly text: string;
  private readonly mark: string;

  constructor(text: string, mark: string) {
    this.text = text;
    this.mark = mark;
  }

  from(position: number): number {
    if (position < this.askedFrom || (this.next !== -1 && this.next < position)) {
      this.askedFrom = position;
      this.next = this.text.indexOf(this.mark, position);
    }
    return this.next;
  }

  within(from: number, to: number): boolean {
    const at = this.from(from);
    return at !== -1 && at < to;
  }
}
