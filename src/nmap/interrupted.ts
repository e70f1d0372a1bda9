import { LONGEST_PROGRESS, PROGRESS_START, progressLength } from './progress.ts';

/** Text that was cut out in front of `index` of the remaining text. */
export interface Cut {
  readonly index: number;
  readonly text: string;
}

/** Text without nmap's progress inside of its tags. */
export interface Uninterrupted {
  readonly text: string;
  readonly cuts: readonly Cut[];
}

const NONE: readonly Cut[] = [];
/** The beginning of a progress element that more text may complete. */
const UNFINISHED = /^<(?:t(?:a(?:s(?:k[^<>]*(?:\/>\r?)?)?)?)?)?$/;

/**
 * Removes progress elements from inside of tags, in a stream of text in pieces of any size. Between two tags they are left
 * alone: there the parser sees them.
 */
export class InterruptedTags {
  /** The beginning of a possible progress element. */
  private held = '';
  /** The text so far ends inside of a tag. */
  private inTag = false;

  get isEmpty(): boolean {
    return this.held === '';
  }

  withoutProgress(chunk: string): Uninterrupted {
    const text = this.held === '' ? chunk : this.held + chunk;
    this.held = '';
    return text.includes(PROGRESS_START) ? this.cut(text) : { text: this.withoutTail(text, 0), cuts: NONE };
  }

  /** No more text will come. */
  end(): string {
    return this.held;
  }

  private cut(text: string): Uninterrupted {
    const cuts: Cut[] = [];
    const parts: string[] = [];
    let [from, length] = [0, 0];
    for (let at = text.indexOf(PROGRESS_START); at !== -1; at = text.indexOf(PROGRESS_START, at + 1)) {
      const before = text.slice(from, at);
      this.follow(before);
      const cut = this.inTag ? progressLength(text, at) : 0;
      parts.push(before);
      length += before.length;
      from = at + cut;
      if (cut > 0) cuts.push({ index: length, text: text.slice(at, from) });
    }
    parts.push(this.withoutTail(text, from));
    return { text: parts.join(''), cuts };
  }

  /** The text from `from` on, without the beginning of a possible progress element at its end, which is held back. */
  private withoutTail(text: string, from: number): string {
    const rest = from === 0 ? text : text.slice(from);
    const at = rest.lastIndexOf('<');
    if (at !== -1 && rest.length - at < LONGEST_PROGRESS && UNFINISHED.test(rest.slice(at))) {
      const before = rest.slice(0, at);
      this.follow(before);
      if (this.inTag) {
        this.held = rest.slice(at);
        return before;
      }
    }
    this.follow(rest);
    return rest;
  }

  private follow(text: string): void {
    const open = text.lastIndexOf('<');
    const close = text.lastIndexOf('>');
    if (open !== close) this.inTag = open > close;
  }
}
