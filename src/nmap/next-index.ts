/** Where a mark comes next: one walk over the text however often it is asked, if asked in order. */
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
