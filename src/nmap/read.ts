import { CurrentRun } from './current-run.ts';
import { Decoder } from './decode.ts';
import { type Element, readElement, shortenedHost } from './element.ts';
import { type Frame, longest } from './frame.ts';
import { InterruptedTags } from './interrupted.ts';
import type { ScanItem } from './item.ts';
import { LongHosts } from './long-hosts.ts';
import { RunDraft } from './once.ts';
import { isInterrupted, withoutProgress } from './progress.ts';
import { Reader } from './reader.ts';
import { headless, type Refused, refusedItem, sizeText, unknownEncoding } from './refused.ts';
import { Splitter } from './split.ts';
import { Malformed, Unterminated } from './malformed.ts';

/** How often the end of a host is looked for behind comments that contain `</host>`. */
const MAX_RETRIES = 16;
/** Characters in front of the first run after which the input counts as no scan. */
const MOST_NOISE = 1 << 26;
/** Bytes that are read at once. */
const MOST_AT_ONCE = 1 << 22;

/**
 * Reads what nmap and masscan write with `-oX`, from bytes in pieces of any size, and gives each
 * element as soon as it is whole. Holds no more than one host. What cannot be read becomes a
 * `refused` item with its byte offset, and reading goes on behind it; several documents in one
 * stream are several runs.
 *
 * ```ts
 * for await (const chunk of input) for (const item of reader.push(chunk)) …
 * for (const item of reader.end()) …
 * ```
 */
export class ScanReader {
  private decoder = new Decoder();
  private readonly tags = new InterruptedTags();
  private readonly longHosts = new LongHosts();
  private splitter: Splitter | undefined;
  private reader = new Reader('');
  private retries = 0;
  private run = new CurrentRun();
  /** Up to this byte of input, cutting out nmap's progress did not help. */
  private mendedTo = 0;
  /** Characters read before the first run. */
  private charactersBeforeRun = 0;
  /** The beginning of the input, to recognise what it is when it is no scan. */
  beginning = '';

  /** A reader for a piece of a run (in UTF-8) that begins and ends between two elements. */
  static within(): ScanReader {
    const reader = new ScanReader();
    reader.decoder = Decoder.utf8();
    reader.run = new CurrentRun(true);
    return reader;
  }

  /** Whether the reader is between two elements of a run, so that another one ({@link within}) may continue from here. */
  get isBetween(): boolean {
    return this.run.isAmongHosts && this.decoder.isWhole && this.tags.isEmpty && this.splitter?.isEmpty !== false;
  }

  /** Whether so much was read without a run that none will come: an endless device, a disk image. */
  get isTooLongWithoutRun(): boolean {
    // With a header, all of it may be the first host.
    return !this.run.hasBegun && this.charactersBeforeRun > (this.run.isThere ? 2 * MOST_NOISE : MOST_NOISE);
  }

  /** Bytes of input read so far; approximate behind characters that are invalid in the encoding. */
  get consumed(): number {
    return this.splitter?.consumed ?? 0;
  }

  /** Skips bytes that another reader has {@link consumed}. They must begin and end between two elements. */
  skip(bytes: number): void {
    this.splitter?.skip(bytes);
  }

  push(chunk: Uint8Array): Generator<ScanItem, void, undefined> {
    return chunk.length > MOST_AT_ONCE ? this.inPieces(chunk) : this.read(this.decoder.decode(chunk));
  }

  *end(): Generator<ScanItem, void, undefined> {
    yield* this.read(this.decoder.end());
    this.splitter?.push(this.longHosts.shortened({ text: this.tags.end(), cuts: [] }));
    this.splitter?.push({ text: this.longHosts.end(), cuts: [], shortened: [] });
    this.splitter?.end();
    yield* this.frames();
    yield* this.run.end(this.consumed);
    yield* this.run.leftItems();
  }

  private *inPieces(chunk: Uint8Array): Generator<ScanItem, void, undefined> {
    for (let at = 0; at < chunk.length; at += MOST_AT_ONCE) yield* this.push(chunk.subarray(at, at + MOST_AT_ONCE));
  }

  private *read(text: string): Generator<ScanItem, void, undefined> {
    if (text === '') return;
    if (this.beginning.length < 512) this.beginning += text.slice(0, 512);
    if (this.splitter === undefined) {
      this.splitter = new Splitter((part) => this.decoder.bytes(part), this.decoder.markBytes);
      if (this.decoder.unknown !== undefined) yield unknownEncoding(this.decoder.unknown);
    }
    const shortened = this.longHosts.shortened(this.tags.withoutProgress(text));
    if (!this.run.hasBegun) this.charactersBeforeRun += shortened.text.length;
    this.splitter.push(shortened);
    yield* this.frames();
  }

  private *frames(): Generator<ScanItem, void, undefined> {
    for (;;) {
      const frame = this.splitter?.next();
      if (frame === undefined) return;
      if (frame.problem === undefined) yield* this.item(frame);
      else yield* this.broken(frame);
    }
  }

  private *item(frame: Frame): Generator<ScanItem, void, undefined> {
    try {
      if (frame.name === 'nmaprun') yield* this.startRun(frame);
      else if (frame.name === 'DOCTYPE') yield this.refusal(frame, frame.end, 'a DOCTYPE with declarations of its own, which are not read');
      else if (this.run.isLeftOut) this.run.skip(frame.name);
      else if (!this.run.isThere && !this.beginsRun(frame)) this.noteStray(frame);
      else if (frame.name === 'scaninfo' || frame.name === 'verbose' || frame.name === 'debugging') yield* this.addToHeader(frame);
      else if (frame.name === '/nmaprun') yield* this.run.end(this.consumed, true);
      else yield* this.emit(frame, readElement(this.readerOf(frame.text), frame.name, frame.start, frame.end));
      this.retries = 0;
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      if (error instanceof Unterminated && this.retries++ < MAX_RETRIES) this.splitter?.retry(frame, error.closing);
      else yield* this.mendOrRefuse(frame, error);
    }
  }

  /** Emits what a frame says. `more`: how often nmap's progress was cut out of it, besides inside of tags. */
  private emit(frame: Frame, element: Element | undefined, more = 0): Generator<ScanItem, void, undefined> {
    const isShortened = element?.kind === 'host' && this.splitter?.isShortened(frame) === true;
    const item = isShortened ? { ...element, host: shortenedHost(element.host) } : element;
    return this.run.emit(frame.name, item, this.cutsIn(frame) + more);
  }

  private *startRun(frame: Frame): Generator<ScanItem, void, undefined> {
    const reader = this.readerOf(frame.text);
    reader.enter(frame.start, frame.end);
    const header = new RunDraft(reader);
    yield* this.run.end(this.consumed);
    this.run.begin(this.splitter?.offsetOf(frame.start) ?? 0, header);
    this.run.noteInterrupted(frame.name, this.cutsIn(frame));
  }

  private *addToHeader(frame: Frame): Generator<ScanItem, void, undefined> {
    const { text, start, end, name } = frame;
    if (name === 'scaninfo' && this.run.missesScanInfo) yield this.refusal(frame, end, 'it comes after the header of its run');
    const reader = this.readerOf(text);
    reader.enter(start, end);
    this.run.addToHeader(reader, end - start);
    this.run.noteInterrupted(name, this.cutsIn(frame));
  }

  private cutsIn(frame: Frame): number {
    return this.splitter?.cutsIn(frame) ?? 0;
  }

  /** Whether an element outside of any run begins one. */
  private beginsRun({ name, start }: Frame): boolean {
    return name === 'host' && this.run.mayBeginWithHost(this.splitter?.offsetOf(start) ?? 0);
  }

  private noteStray(frame: Frame): void {
    this.run.addStray(frame.name, this.splitter?.offsetOf(frame.start) ?? 0);
  }

  private *broken(frame: Frame): Generator<ScanItem, void, undefined> {
    if (frame.problem === 'no-start') return yield* this.reportOrphan(frame);
    if (frame.problem === 'bad-tag') return yield* this.refuse(frame, new Malformed('its tag is broken', frame.start));
    if (frame.problem === 'too-large')
      return yield* this.refuse(frame, new Malformed(`it is longer than ${sizeText(longest(frame.name))}`, frame.start));
    const offset = this.splitter?.offsetOf(frame.start) ?? 0;
    const resumeAt = this.splitter?.restart(frame) ?? frame.end;
    if (resumeAt !== frame.end) {
      if (this.run.isThere) yield* this.run.emitHeader();
      yield this.refusal(frame, resumeAt, 'its end tag is missing', offset);
      return;
    }
    const item = this.refusal(frame, resumeAt, 'the input ended inside it', offset);
    if (this.run.isThere) yield* this.run.end(this.consumed, false, item.refusal);
    else yield item;
  }

  /** Reports an element of which only the end tag was found. */
  private *reportOrphan(frame: Frame): Generator<ScanItem, void, undefined> {
    if (!this.run.isThere) return this.noteStray(frame);
    yield* this.run.emitHeader();
    yield headless(frame, this.splitter?.offsetOf(frame.end) ?? 0);
  }

  /** Cuts nmap's progress out of an element and reads it again; refuses it when that does not help. */
  private *mendOrRefuse(frame: Frame, error: Malformed): Generator<ScanItem, void, undefined> {
    const mended = this.mended(frame, error);
    if (mended === undefined) return yield* this.refuse(frame, error);
    this.retries = 0;
    yield* this.emit(frame, mended.element, mended.count);
  }

  private mended({ name, text, start, end }: Frame, error: Malformed): { readonly element: Element | undefined; readonly count: number } | undefined {
    const at = this.splitter?.offsetOf(start) ?? 0;
    if (at < this.mendedTo || !isInterrupted(text, error.position)) return undefined;
    const without = withoutProgress(text.slice(start, end));
    try {
      return { element: readElement(new Reader(without.text), name, 0, without.text.length), count: without.count };
    } catch (again) {
      if (!(again instanceof Malformed)) throw again;
      // Do not try again for the hosts inside: each would read to the same end.
      this.mendedTo = at + this.decoder.bytes(text.slice(start, end));
      return undefined;
    }
  }

  private *refuse(frame: Frame, error: Malformed): Generator<ScanItem, void, undefined> {
    this.retries = 0;
    if (frame.name === 'nmaprun') {
      yield* this.run.end(this.consumed);
      this.run.begin(this.splitter?.offsetOf(frame.start) ?? 0);
    } else if (this.run.isThere) yield* this.run.emitHeader();
    const offset = this.splitter?.offsetOf(frame.start) ?? 0;
    const position = Math.max(error.position, frame.start);
    const at = this.splitter?.offsetOf(position) ?? 0;
    const end = this.splitter?.restart(frame, position) ?? frame.end;
    yield this.refusal(frame, end, `${error.reason} (byte ${at})`, offset);
  }

  /** `end`: where reading continues. */
  private refusal(frame: Frame, end: number, reason: string, offset = this.splitter?.offsetOf(frame.start) ?? 0): Refused {
    return refusedItem(frame, end, { offset, length: (this.splitter?.offsetOf(end) ?? 0) - offset, reason });
  }

  private readerOf(text: string): Reader {
    if (this.reader.text !== text) this.reader = new Reader(text);
    return this.reader;
  }
}
