import { ByteOffsets } from './byte-offsets.ts';
import {
  type Frame,
  type FrameName,
  isTagOnly,
  LONGEST_MARK,
  longest,
  MAX_DOCTYPE,
  MAX_PASSED,
  MAX_TAG,
  type Passed,
  type WholeElement,
  wholeOf,
} from './frame.ts';
import type { Shortened } from './long-hosts.ts';
import { Marks } from './marks.ts';
import { BAD, tagEnd } from './tag-end.ts';

const TAG_NAME = /\/?[a-z]{0,32}/y;
const MAX_INSTRUCTION = 4096;

/** What must arrive before another search makes sense. */
interface Awaited {
  readonly mark: string;
  /** The most characters that are held meanwhile. */
  readonly most: number;
}

/**
 * Finds the elements of a scan in a stream of text, in pieces of any size, and holds no more than one incomplete element. It
 * looks for end tags only; the parser decides whether an element is well-formed, and calls {@link retry} or {@link restart}.
 * Text between elements (comments, nmap's stderr, a second XML declaration) is skipped. Linear in the length of the text,
 * whatever it is.
 */
export class Splitter {
  private text = '';
  private marks = new Marks('');
  private position = 0;
  private pending: string[] = [];
  private pendingLength = 0;
  private awaited: Awaited | undefined;
  /** By mark: elements that begin before this index are not waited for any more. */
  private readonly notWaitedBefore = new Map<string, number>();
  /** The end of the last chunk, for a mark across two chunks. */
  private tail = '';
  private ended = false;
  private searchFrom = 0;
  /** Start of the text that belongs to no element; and its part in front of the current text, if any. */
  private passed = 0;
  private passedBefore: Passed | undefined;
  /** Elements that were emitted without their end tag, which may still come. */
  private readonly endless = new Set<string>();
  private readonly offsets: ByteOffsets;

  /** `bytes`: the bytes of input that a text was; `offset`: byte offset of the first character. */
  constructor(bytes: (text: string) => number, offset: number) {
    this.offsets = new ByteOffsets(bytes, offset);
  }

  push({ text: chunk, cuts, shortened }: Shortened): void {
    const before = this.text.length + this.pendingLength;
    for (const { index, text } of cuts) this.offsets.addCut(before + index, text);
    for (const { index, text } of shortened) this.offsets.addShortened(before + index, text);
    // Joining the whole chunk to the tail would copy it.
    const seam = this.tail + chunk.slice(0, LONGEST_MARK);
    this.tail = chunk.length < LONGEST_MARK ? seam.slice(-LONGEST_MARK) : chunk.slice(-LONGEST_MARK);
    this.pending.push(chunk);
    this.pendingLength += chunk.length;
    const { awaited } = this;
    if (awaited === undefined || this.held > awaited.most || seam.includes(awaited.mark) || chunk.includes(awaited.mark)) this.join();
  }

  /** No more text will come. */
  end(): void {
    this.ended = true;
    this.join();
  }

  /** Whether no text is waiting for more. */
  get isEmpty(): boolean {
    return this.awaited === undefined && this.pending.length === 0 && this.position === this.text.length;
  }

  /** Skips bytes of input that another reader has read. */
  skip(bytes: number): void {
    this.join();
    this.offsets.skip(bytes);
  }

  /** Bytes of input read so far. */
  get consumed(): number {
    return this.offsetOf(this.position);
  }

  /** The byte offset of an index of the current text. */
  offsetOf(index: number): number {
    return this.offsets.of(this.text, index);
  }

  /** How often nmap's progress was cut out of a frame. */
  cutsIn({ start, end }: Frame): number {
    return this.offsets.cutsWithin(start, end);
  }

  /** Whether something was left out of a frame because its host is very long. */
  isShortened({ start, end }: Frame): boolean {
    return this.offsets.isShortened(start, end);
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

  /** The end tag that closed `frame` was inside a comment or CDATA section: search after the next `mark`. */
  retry(frame: Frame, mark: string): void {
    this.position = frame.start;
    this.passTo(frame.start);
    const at = this.marks.nextBehind(mark, frame.end);
    this.searchFrom = at === -1 ? this.text.length : at + mark.length;
    if (at === -1 && this.mayWait(mark, frame.start, longest(frame.name))) this.await(mark, longest(frame.name));
  }

  /** `frame` could not be read beyond `position`: resumes at the next possible place, or behind the frame. Returns where. */
  restart(frame: Frame, position = frame.start): number {
    const found = this.marks.nextRestart(Math.max(position, frame.start + 1));
    this.position = found === -1 ? frame.end : Math.min(found, frame.end);
    this.passTo(this.position);
    this.searchFrom = 0;
    this.awaited = undefined;
    return this.position;
  }

  private get held(): number {
    return this.text.length - this.position + this.pendingLength;
  }

  private join(): void {
    const { position } = this;
    if (this.passed < position) this.passedBefore = this.passedTo(position);
    this.passed = Math.max(0, this.passed - position);
    this.offsets.moveTo(this.text, position);
    this.searchFrom = Math.max(0, this.searchFrom - position);
    for (const [mark, index] of this.notWaitedBefore) {
      if (index > position) this.notWaitedBefore.set(mark, index - position);
      else this.notWaitedBefore.delete(mark);
    }
    const rest = this.text.slice(position);
    const [only = ''] = this.pending;
    // One join instead of a sum: the sum would be copied again when it is searched.
    this.text = rest === '' && this.pending.length < 2 ? only : [rest, ...this.pending].join('');
    this.marks = new Marks(this.text);
    this.position = 0;
    this.pending = [];
    this.pendingLength = 0;
    this.awaited = undefined;
  }

  /** Leaves `position` unchanged when more text is needed. */
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
      const whole = wholeOf(name);
      if (whole !== undefined) return this.whole(name as FrameName, at, to, whole);
      if (name === '/nmaprun') return this.take('/nmaprun', at, to);
      if (isTagOnly(name)) return this.tag(name, at, to);
      if (this.isOrphan(name)) {
        const passed = this.passedTo(at);
        return { ...this.take(name.slice(1) as FrameName, at, to, 'no-start'), passed };
      }
    }
    this.position = at + 1;
    return undefined;
  }

  /** Whether it is an end tag without a recognised start tag. */
  private isOrphan(name: string): boolean {
    const element = name.slice(1);
    return name[0] === '/' && wholeOf(element) !== undefined && !this.endless.delete(element);
  }

  private passTo(index: number): void {
    this.passed = index;
    this.passedBefore = undefined;
  }

  /** The skipped text up to here. */
  private passedTo(index: number): Passed {
    const { offset, beginning } = this.passedBefore ?? { offset: this.offsetOf(this.passed), beginning: '' };
    const end = Math.min(index, this.passed + MAX_PASSED - beginning.length);
    return { offset, beginning: beginning + this.text.slice(this.passed, end) };
  }

  private tag(name: FrameName, at: number, nameEnd: number): Frame | undefined {
    const to = tagEnd(this.text, this.marks, nameEnd);
    if (to === BAD) return this.take(name, at, nameEnd, 'bad-tag');
    if (to > 0) return to - at > MAX_TAG ? this.take(name, at, to, 'too-large') : this.take(name, at, to);
    return this.unfinished(name, at, '>');
  }

  private whole(name: FrameName, at: number, nameEnd: number, { closing, most }: WholeElement): Frame | undefined {
    const start = tagEnd(this.text, this.marks, nameEnd);
    if (start > 0 && this.text[start - 2] === '/') return this.take(name, at, start);
    const found = this.searchFrom > nameEnd ? this.marks.nextBehind(closing, this.searchFrom) : this.marks.next(closing, nameEnd);
    if (found === -1) return this.unfinished(name, at, closing);
    const end = found + closing.length;
    this.endless.delete(name);
    return end - at > most ? this.take(name, at, end, 'too-large') : this.take(name, at, end);
  }

  private unfinished(name: FrameName, at: number, mark: string): Frame | undefined {
    if (this.mayWait(mark, at, longest(name))) return this.await(mark, longest(name));
    this.endless.add(name);
    return this.take(name, at, this.text.length, this.ended ? 'cut' : 'too-large');
  }

  private markup(at: number): Frame | undefined {
    const { text } = this;
    if (text.startsWith('<!--', at)) return this.skipPast('-->', at, at + 4);
    if (text.startsWith('<![CDATA[', at)) return this.skipPast(']]>', at, at + 9);
    if (text.startsWith('<!DOCTYPE', at)) return this.doctype(at);
    if (text.length - at >= 9 || this.ended) this.position = at + 2;
    return undefined;
  }

  private doctype(at: number): Frame | undefined {
    const open = this.marks.next('[', at);
    const end = this.marks.next('>', at);
    if (open === -1 || (end !== -1 && end < open)) return this.skipPast('>', at, at + 9);
    const close = this.marks.next(']', open);
    if (close !== -1 && close - at <= MAX_DOCTYPE) return this.take('DOCTYPE', at, close + 1);
    if (close === -1 && this.mayWait(']', at, MAX_DOCTYPE)) return this.await(']', MAX_DOCTYPE);
    return this.take('DOCTYPE', at, open, this.ended ? 'cut' : 'too-large');
  }

  private instruction(at: number): undefined {
    const to = this.marks.next('?>', at);
    if (to !== -1 && to - at < MAX_INSTRUCTION) this.position = to + 2;
    else if (this.ended || this.text.length - at > MAX_INSTRUCTION) this.position = at + 2;
    return undefined;
  }

  /** What never ends, or is too long, is not a comment: nothing shows that the text behind it belongs to it. */
  private skipPast(mark: string, at: number, from: number): undefined {
    const to = this.marks.next(mark, from);
    if (to !== -1) this.position = to - at > MAX_TAG ? from : to + mark.length;
    else if (this.mayWait(mark, at, MAX_TAG)) this.await(mark, MAX_TAG);
    else this.position = from;
    return undefined;
  }

  /**
   * Whether an element at `at` may wait for more text. Once one has waited too long, so has everything in the first half of
   * the text held meanwhile; otherwise the text would be copied again with each chunk.
   */
  private mayWait(mark: string, at: number, most: number): boolean {
    if (this.ended) return false;
    const key = `${most}${mark}`;
    if (at < (this.notWaitedBefore.get(key) ?? 0)) return false;
    if (this.text.length - at <= most) return true;
    this.notWaitedBefore.set(key, this.text.length - most / 2);
    return false;
  }

  private await(mark: string, most: number): undefined {
    this.awaited = { mark, most };
    return undefined;
  }

  private take(name: FrameName, start: number, end: number, problem?: Frame['problem']): Frame {
    this.position = end;
    this.passTo(end);
    this.searchFrom = 0;
    return problem === undefined ? { name, text: this.text, start, end } : { name, text: this.text, start, end, problem };
  }
}
