import type { Cut, Uninterrupted } from './interrupted.ts';
import { HostShortening } from './shortening.ts';

/** Characters of a host that are read whole. nmap writes less, unless thousands of ports answer with a page each. */
export const READ_WHOLE = 1 << 24;
const END = '</host>';
const START = /<host[\s>]/g;

/** Text in which very long hosts are shortened. */
export interface Shortened extends Uninterrupted {
  /** What was cut out of such hosts. */
  readonly shortened: readonly Cut[];
}

const NONE: readonly Cut[] = [];

/**
 * Shortens hosts that grow beyond {@link READ_WHOLE} while their text arrives, in pieces of any size: from there on without scripts, and without
 * the ends of long words about services. A host decides itself how much its ports answer, and must not hide ports, states and services by that.
 */
export class LongHosts {
  /** Characters of the current host so far; undefined outside of hosts. */
  private length: number | undefined;
  private shortening: HostShortening | undefined;
  /** The current host is left as it is. */
  private isGivenUp = false;
  /** The end of the text so far, for a tag across two pieces. */
  private tail = '';

  /** Pieces must be shorter than {@link READ_WHOLE}. */
  shortened(piece: Uninterrupted): Shortened {
    const { text } = piece;
    if (this.shortening !== undefined) return this.shorten(this.shortening, '', piece);
    const at = this.beginsAt(text);
    if (at === undefined) {
      this.follow(text);
      return { ...piece, shortened: NONE };
    }
    this.shortening = new HostShortening();
    return this.shorten(this.shortening, text.slice(0, at), piece);
  }

  /** No more text will come. */
  end(): string {
    return this.shortening?.held ?? '';
  }

  /** Where shortening begins in a piece: at the same character, however large the pieces are. */
  private beginsAt(text: string): number | undefined {
    if (this.length === undefined || this.isGivenUp || this.length + text.length <= READ_WHOLE) return undefined;
    const at = READ_WHOLE - this.length;
    const end = (this.tail + text.slice(0, at + END.length)).indexOf(END);
    return end === -1 || end >= this.tail.length + at ? at : undefined;
  }

  private shorten(shortening: HostShortening, whole: string, { text, cuts }: Uninterrupted): Shortened {
    const before = shortening.held.length;
    const taken = shortening.take(whole === '' ? text : text.slice(whole.length));
    if (taken.over !== undefined) {
      this.shortening = undefined;
      this.isGivenUp = !taken.over.startsWith(END);
      this.tail = '';
      this.follow(taken.over);
    }
    return {
      text: whole + taken.text + (taken.over ?? ''),
      cuts: cuts.map(({ index, text: cut }) => ({ index: whole.length + taken.indexOf(index - whole.length + before), text: cut })),
      shortened: taken.cuts.map(({ index, text: cut }) => ({ index: whole.length + index, text: cut })),
    };
  }

  /** Notes which host the text ends in. */
  private follow(piece: string): void {
    const text = this.tail + piece;
    const end = text.lastIndexOf(END);
    if (end === -1 && this.length !== undefined) this.length += piece.length;
    else {
      START.lastIndex = end + 1;
      const start = START.exec(text);
      this.length = start === null ? undefined : text.length - start.index;
      this.isGivenUp = false;
    }
    this.tail = text.slice(-END.length + 1);
  }
}
