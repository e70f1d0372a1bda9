import { NextIndex } from './next-index.ts';

/** Tags at which reading can resume inside an element that could not be read. */
const RESTART = /<(?:host|hosthint|nmaprun|runstats)[\s>]|<\?xml\s|<\/nmaprun>/g;

/**
 * Finds the next occurrence of marks in a text. Asked in ascending order, all questions together search the text once per
 * mark; without that, a thousand unclosed comments would be a thousand searches to the end.
 */
export class Marks {
  private readonly text: string;
  private readonly found = new Map<string, NextIndex>();
  private readonly behind = new Map<string, NextIndex>();
  private readonly lessThan: NextIndex;
  private restart = { askedFrom: Number.POSITIVE_INFINITY, at: -1 };

  constructor(text: string) {
    this.text = text;
    this.lessThan = new NextIndex(text, '<');
  }

  /** The index of the next mark, or -1. */
  next(mark: string, from: number): number {
    return indexOf(this.text, this.found, mark, from);
  }

  /** The same for a second search position ahead of the first. */
  nextBehind(mark: string, from: number): number {
    return indexOf(this.text, this.behind, mark, from);
  }

  nextTag(from: number): number {
    return this.lessThan.from(from);
  }

  /** Where reading can resume, or -1. */
  nextRestart(from: number): number {
    const { askedFrom, at } = this.restart;
    if (from < askedFrom || (at !== -1 && at < from)) {
      RESTART.lastIndex = from;
      this.restart = { askedFrom: from, at: RESTART.exec(this.text)?.index ?? -1 };
    }
    return this.restart.at;
  }
}

function indexOf(text: string, walks: Map<string, NextIndex>, mark: string, from: number): number {
  let walk = walks.get(mark);
  if (walk === undefined) {
    walk = new NextIndex(text, mark);
    walks.set(mark, walk);
  }
  return walk.from(from);
}
