/** A piece of the text that the parser can read as a whole: an element, or the tag of one that stays open. */
export interface Frame {
  readonly name: FrameName;
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Why it is no whole element; absent when it looks like one. */
  readonly problem?: 'cut' | 'too-large' | 'bad-tag';
}

/** Elements that are read whole, up to their end tag. */
const WHOLE = ['host', 'hosthint', 'prescript', 'postscript', 'runstats', 'output'] as const;
/** Elements of which the start tag says everything, or that stay open. */
const TAGS = ['nmaprun', 'scaninfo', 'verbose', 'debugging', 'target', 'taskbegin', 'taskprogress', 'taskend'] as const;
export type FrameName = (typeof WHOLE)[number] | (typeof TAGS)[number] | '/nmaprun' | 'DOCTYPE';

const CLOSING: ReadonlyMap<string, string> = new Map(WHOLE.map((name) => [name, `</${name}>`]));
const TAG_ONLY: ReadonlySet<string> = new Set(TAGS);
/** Where reading can start again inside of something that could not be read. */
const RESTART = /<(?:host|hosthint|nmaprun|runstats)[\s>]|<\?xml\s|<\/nmaprun>/g;

/** No host is longer (in characters): what is, is reported and left out, so that memory stays bounded. */
const MAX_FRAME = 1 << 26;
const LONGEST_MARK = '</postscript>'.length;
const TAG_NAME = /\/?[a-z]{0,32}/y;
const MAX_INSTRUCTION = 4096;

/**
 * Finds the elements of a scan in a stream of text, in pieces of any size, and holds no more than
 * the one that is not whole yet. It looks for end tags only; whether what lies between is
 * well-formed is the parser's to say, and {@link retry} and {@link restart} act on its answer.
 * Text between elements (comments, nmap's stderr, a second XML declaration) is passed over.
 */
export class Splitter {
  /** Bytes of input in front of `text`. */
  offset = 0;
  private text = '';
  private position = 0;
  private pending: string[] = [];
  private pendingLength = 0;
  /** What must arrive before another look makes sense. */
  private awaited: string | undefined;
  /** The last characters pushed, for a mark that two chunks share. */
  private tail = '';
  private ended = false;
  private searchFrom = 0;
  private readonly bytes: (text: string) => number;

  constructor(bytes: (text: string) => number, offset: number) {
    this.bytes = bytes;
    this.offset = offset;
  }

  push(chunk: string): void {
    // Joining the whole chunk to the tail would copy it only to look at it.
    const seam = this.tail + chunk.slice(0, LONGEST_MARK);
    this.tail = chunk.length < LONGEST_MARK ? seam.slice(-LONGEST_MARK) : chunk.slice(-LONGEST_MARK);
    this.pending.push(chunk);
    this.pendingLength += chunk.length;
    const full = this.text.length - this.position + this.pendingLength > MAX_FRAME;
    if (this.awaited === undefined || full || seam.includes(this.awaited) || chunk.includes(this.awaited)) this.join();
  }

  /** No more text will come. */
  end(): void {
    this.ended = true;
    this.join();
  }

  /** Nothing waits for more text. */
  get isEmpty(): boolean {
    return this.awaited === undefined && this.pending.length === 0 && this.position === this.text.length;
  }

  /** So many bytes of input were read by somebody else. */
  skip(bytes: number): void {
    this.join();
    this.offset += bytes;
  }

  /** Bytes of input up to where reading has come. */
  get consumed(): number {
    return this.offsetOf(this.position);
  }

  /** The byte offset of an index of the current text. */
  offsetOf(index: number): number {
    return this.offset + this.bytes(this.text.slice(0, index));
  }

  /** The next frame, or undefined when more text is needed or, after `end`, when there is none. */
  next(): Frame | undefined {
    while (this.awaited === undefined) {
      const at = this.text.indexOf('<', this.position);
      if (at === -1) {
        this.position = this.text.length;
        return undefined;
      }
      this.position = at;
      const frame = this.frameAt(at);
      if (frame !== undefined) return frame;
      if (this.position === at) return undefined;
    }
    return undefined;
  }

  /** The end tag that closed `frame` stood inside a comment or CDATA section: look behind the next `mark`. */
  retry(frame: Frame, mark: string): void {
    this.position = frame.start;
    const at = this.text.indexOf(mark, frame.end);
    this.searchFrom = at === -1 ? this.text.length : at + mark.length;
    if (at === -1 && !this.ended) this.awaited = mark;
  }

  /** `frame` could not be read: go on at the next place inside it, or behind it. Returns where. */
  restart(frame: Frame): number {
    RESTART.lastIndex = frame.start + 1;
    const found = RESTART.exec(frame.text)?.index ?? frame.end;
    this.position = Math.min(found, frame.end);
    this.searchFrom = 0;
    this.awaited = undefined;
    return this.position;
  }

  private join(): void {
    this.offset += this.bytes(this.text.slice(0, this.position));
    this.searchFrom = Math.max(0, this.searchFrom - this.position);
    const rest = this.text.slice(this.position);
    const [only = ''] = this.pending;
    // One join instead of a sum: the sum would be copied again when it is searched.
    this.text = rest === '' && this.pending.length < 2 ? only : [rest, ...this.pending].join('');
    this.position = 0;
    this.pending = [];
    this.pendingLength = 0;
    this.awaited = undefined;
  }

  /** Leaves `position` where it was when more text is needed. */
  private frameAt(at: number): Frame | undefined {
    const { text } = this;
    const mark = text[at + 1];
    if (mark === '!') return this.markup(at);
    if (mark === '?') return this.instruction(at);
    TAG_NAME.lastIndex = at + 1;
    const name = TAG_NAME.exec(text)?.[0] ?? '';
    const to = at + 1 + name.length;
    if (to === text.length && !this.ended) return undefined;
    if (/[\s/>]/.test(text[to] ?? '')) {
      if (name === '/nmaprun') return this.take('/nmaprun', at, to);
      if (TAG_ONLY.has(name)) return this.tag(name as FrameName, at, to);
      const closing = CLOSING.get(name);
      if (closing !== undefined) return this.whole(name as FrameName, at, to, closing);
    }
    this.position = at + 1;
    return undefined;
  }

  private tag(name: FrameName, at: number, nameEnd: number): Frame | undefined {
    const to = this.tagEnd(nameEnd);
    if (to === MORE) return this.ended ? this.take(name, at, this.text.length, 'cut') : this.unfinished('>');
    return to === BAD ? this.take(name, at, nameEnd, 'bad-tag') : this.take(name, at, to);
  }

  private whole(name: FrameName, at: number, nameEnd: number, closing: string): Frame | undefined {
    const start = this.tagEnd(nameEnd);
    if (start > 0 && this.text[start - 2] === '/') return this.take(name, at, start);
    const found = this.text.indexOf(closing, Math.max(this.searchFrom, nameEnd));
    if (found !== -1) return this.take(name, at, found + closing.length);
    if (this.ended) return this.take(name, at, this.text.length, 'cut');
    if (this.text.length - at > MAX_FRAME) return this.take(name, at, this.text.length, 'too-large');
    return this.unfinished(closing);
  }

  private markup(at: number): Frame | undefined {
    const { text } = this;
    if (text.startsWith('<!--', at)) return this.skipPast('-->', at + 4);
    if (text.startsWith('<![CDATA[', at)) return this.skipPast(']]>', at + 9);
    if (!text.startsWith('<!DOCTYPE', at)) {
      if (text.length - at >= 9 || this.ended) this.position = at + 2;
      return undefined;
    }
    const end = /[[>]/g;
    end.lastIndex = at;
    const found = end.exec(text)?.index;
    if (found === undefined || text[found] === '>') return this.skipPast('>', at);
    const close = text.indexOf(']', found);
    if (close === -1 && !this.ended) return this.unfinished(']');
    return this.take('DOCTYPE', at, close === -1 ? found : close + 1);
  }

  private instruction(at: number): undefined {
    const to = this.text.indexOf('?>', at);
    if (to !== -1 && to - at < MAX_INSTRUCTION) this.position = to + 2;
    else if (this.ended || this.text.length - at > MAX_INSTRUCTION) this.position = at + 2;
    return undefined;
  }

  private skipPast(mark: string, from: number): undefined {
    const to = this.text.indexOf(mark, from);
    if (to !== -1) this.position = to + mark.length;
    // An unended comment is noise: nothing says that what follows belongs to it.
    else if (this.ended || this.text.length - from > MAX_FRAME) this.position = from;
    else this.awaited = mark;
    return undefined;
  }

  private unfinished(awaited: string): undefined {
    this.awaited = awaited;
    return undefined;
  }

  private take(name: FrameName, start: number, end: number, problem?: Frame['problem']): Frame {
    this.position = end;
    this.searchFrom = 0;
    return problem === undefined ? { name, text: this.text, start, end } : { name, text: this.text, start, end, problem };
  }

  /** Where the tag ends whose name ends at `from`: past its `>`, MORE, or BAD for a `<` inside it. */
  private tagEnd(from: number): number {
    const { text } = this;
    for (let i = from; i < text.length; i++) {
      const character = text[i];
      if (character === '>') return i + 1;
      if (character === '<') return BAD;
      if (character === '"' || character === "'") {
        const close = text.indexOf(character, i + 1);
        const nested = text.indexOf('<', i + 1);
        if (nested !== -1 && (close === -1 || nested < close)) return BAD;
        if (close === -1) return MORE;
        i = close;
      }
    }
    return MORE;
  }
}

const MORE = -1;
const BAD = -2;
