/** Where a character comes next: one walk over the text however often it is asked, if asked in order. */
export class NextIndex {
  private next = -1;
  private askedFrom = Number.POSITIVE_INFINITY;

  private readonly text: string;
  private readonly character: string;

  constructor(text: string, character: string) {
    this.text = text;
    this.character = character;
  }
  from(position: number): number {
    if (position < this.askedFrom || (this.next !== -1 && this.next < position)) {
      this.askedFrom = position;
      this.next = this.text.indexOf(this.character, position);
    }
    return this.next;
  }

  within(from: number, to: number): boolean {
    const at = this.from(from);
    return at !== -1 && at < to;
  }
}
