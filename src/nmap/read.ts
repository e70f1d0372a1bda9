import { Decoder } from './decode.ts';
import { type Frame, longest, MAX_PASSED } from './frame.ts';
import { readHost, readHostHint } from './host.ts';
import { InterruptedTags } from './interrupted.ts';
import { interruptedText, type Refusal, type ScanItem } from './item.ts';
import type { Host, RunStats } from './model.ts';
import { readAllScripts, readOutput, readRunStats, readTarget, readTask, RunDraft } from './once.ts';
import { isInterrupted, withoutProgress } from './progress.ts';
import { Reader } from './reader.ts';
import { Splitter } from './split.ts';
import { Stray } from './stray.ts';
import { Malformed, Unterminated } from './tokens.ts';

/** How often the end of a host is looked for behind comments that contain `</host>`. */
const MAX_RETRIES = 16;
/** Nobody writes so much in front of a scan. */
const MOST_NOISE = 1 << 26;
/** Nothing was done yet. */
const MAX_EARLY = 16;

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
  private splitter: Splitter | undefined;
  private reader = new Reader('');
  private retries = 0;
  /** The run whose `</nmaprun>` has not come: its header until the first other item, then `open`. */
  private header: RunDraft | undefined;
  private open = false;
  private readonly stray = new Stray();
  /** What came before its header was whole: elements of it that were interrupted, and how often; words about progress. */
  private interrupted = new Map<string, number>();
  private early: ScanItem[] = [];
  /** The run that is open has told no `scaninfo`. */
  private isUntold = false;
  /** Bytes of input up to where elements are not mended: that was tried. */
  private mendedTo = 0;
  private stats: RunStats | undefined;
  /** Characters that were read before there was a run. */
  private noise = 0;
  private hasRun = false;
  /** The first text of the input, to say what it is when it is no scan. */
  beginning = '';

  /** Reads pieces from the middle of a run, of a scan in UTF-8, that begin and end between elements. */
  static within(): ScanReader {
    const reader = new ScanReader();
    reader.decoder = Decoder.utf8();
    reader.open = true;
    return reader;
  }

  /** It stands between two elements of a run that goes on: from here, somebody else may read (see {@link within}). */
  get isBetween(): boolean {
    const inRun = this.open && this.header === undefined && this.stats === undefined;
    return inRun && this.decoder.isWhole && this.tags.isEmpty && this.splitter?.isEmpty !== false;
  }

  /** So much was read without a run in it that there will be none: a device that never ends, a disk image. */
  get isHopeless(): boolean {
    return !this.hasRun && this.noise > MOST_NOISE;
  }

  /** Bytes of input, as far as one can count them behind characters that the encoding does not know. */
  get consumed(): number {
    return this.splitter?.consumed ?? 0;
  }

  /** So many bytes were read by somebody else, who has {@link consumed} them, from between two elements to between two others. */
  skip(bytes: number): void {
    this.splitter?.skip(bytes);
  }

  push(chunk: Uint8Array): Generator<ScanItem, void, undefined> {
    return this.read(this.decoder.decode(chunk));
  }

  *end(): Generator<ScanItem, void, undefined> {
    yield* this.read(this.decoder.end());
    this.splitter?.push({ text: this.tags.end(), cuts: [] });
    this.splitter?.end();
    yield* this.frames();
    yield* this.endRun(false, undefined);
    yield* this.stray.tell();
  }

  private *read(text: string): Generator<ScanItem, void, undefined> {
    if (text === '') return;
    if (!this.hasRun) this.noise += text.length;
    if (this.beginning.length < 512) this.beginning += text.slice(0, 512);
    if (this.splitter === undefined) {
      this.splitter = new Splitter((part) => this.decoder.bytes(part), this.decoder.markBytes);
      if (this.decoder.unknown !== undefined) yield unknownEncoding(this.decoder.unknown);
    }
    this.splitter.push(this.tags.mend(text));
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

  private get isInRun(): boolean {
    return this.open || this.header !== undefined;
  }

  private *item(frame: Frame): Generator<ScanItem, void, undefined> {
    try {
      if (frame.name === 'nmaprun') yield* this.startRun(frame);
      else if (frame.name === 'DOCTYPE') yield this.refusal(frame, frame.end, 'a DOCTYPE with declarations of its own, which are not read');
      else if (!this.isInRun && frame.name !== 'host') this.strayed(frame);
      else if (frame.name === 'scaninfo' || frame.name === 'verbose' || frame.name === 'debugging') yield* this.addToHeader(frame);
      else if (frame.name === '/nmaprun') yield* this.endRun(true, undefined);
      else yield* this.show(this.parse(frame, this.readerOf(frame.text)), frame);
      this.retries = 0;
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      if (error instanceof Unterminated && this.retries++ < MAX_RETRIES) this.splitter?.retry(frame, error.closing);
      else yield* this.mendOrRefuse(frame, error);
    }
  }

  /** Gives what a frame says, and how often nmap has interrupted it: besides in the middle of tags, `more` times. */
  private *show(item: ScanItem | undefined, frame: Frame, more = 0): Generator<ScanItem, void, undefined> {
    const { name: element } = frame;
    const count = this.cutsIn(frame) + more;
    if (item?.kind === 'task' && this.header?.isWhole === false && this.early.length < MAX_EARLY) return void this.early.push(item);
    yield* this.showRun();
    if (item?.kind === 'host') yield count === 0 ? item : { kind: 'host', host: interruptedHost(item.host, count) };
    else {
      if (count > 0) yield { kind: 'mended', mended: { element, count } };
      if (item !== undefined) yield item;
    }
  }

  /** Throws {@link Malformed}. */
  private parse({ name, start, end }: Omit<Frame, 'text'>, reader: Reader): ScanItem | undefined {
    if (name === 'host') return { kind: 'host', host: named(readHost(reader, start, end), end) };
    if (name === 'hosthint') return { kind: 'hosthint', hint: readHostHint(reader, start, end) };
    reader.enter(start, end);
    switch (name) {
      case 'target':
        return { kind: 'target', target: readTarget(reader) };
      case 'taskbegin':
      case 'taskprogress':
      case 'taskend':
        return { kind: 'task', task: readTask(reader) };
      case 'prescript':
      case 'postscript':
        return { kind: name, scripts: readAllScripts(reader) };
      case 'output':
        return { kind: 'output', ...readOutput(reader) };
      case 'runstats':
        this.stats = readRunStats(reader);
        return undefined;
      default:
        return undefined;
    }
  }

  private *startRun(frame: Frame): Generator<ScanItem, void, undefined> {
    const reader = this.readerOf(frame.text);
    reader.enter(frame.start, frame.end);
    const header = new RunDraft(reader);
    yield* this.endRun(false, undefined);
    this.header = header;
    this.noteInterrupted(frame);
  }

  private *addToHeader(frame: Frame): Generator<ScanItem, void, undefined> {
    const { text, start, end, name } = frame;
    if (name === 'scaninfo' && this.header === undefined && this.isUntold) yield this.refusal(frame, end, 'it stands behind the header of its run');
    const reader = this.readerOf(text);
    reader.enter(start, end);
    this.header?.add(reader, end - start);
    this.noteInterrupted(frame);
  }

  private noteInterrupted(frame: Frame): void {
    const count = this.cutsIn(frame);
    if (count > 0) this.interrupted.set(frame.name, (this.interrupted.get(frame.name) ?? 0) + count);
  }

  private cutsIn(frame: Frame): number {
    return this.splitter?.cutsIn(frame) ?? 0;
  }

  /** Gives the run's header before the first item that is not part of it. */
  private *showRun(): Generator<ScanItem, void, undefined> {
    if (this.open) return;
    yield* this.stray.tell();
    this.open = true;
    const { run } = this.header ?? new RunDraft();
    this.header = undefined;
    this.hasRun = true;
    this.isUntold = run.scaninfo.length === 0;
    yield { kind: 'run', run };
    for (const [element, count] of this.interrupted) yield { kind: 'mended', mended: { element, count } };
    this.interrupted.clear();
    yield* this.early.splice(0);
  }

  private *endRun(closed: boolean, pending: Refusal | undefined): Generator<ScanItem, void, undefined> {
    if (this.header !== undefined) {
      if (pending === undefined && this.stray.isNothing(this.header)) {
        this.header = undefined;
        this.interrupted.clear();
        this.early = [];
        this.stray.add('nmaprun', this.splitter?.consumed ?? 0);
      } else yield* this.showRun();
    }
    if (!this.open) return;
    const { stats } = this;
    this.open = false;
    this.stats = undefined;
    yield { kind: 'end', end: { stats, closed, pending, offset: this.consumed } };
  }

  private strayed(frame: Frame): void {
    this.stray.add(frame.name, this.splitter?.offsetOf(frame.start) ?? 0);
  }

  private *broken(frame: Frame): Generator<ScanItem, void, undefined> {
    if (frame.problem === 'no-start') return yield* this.headless(frame);
    if (frame.problem === 'bad-tag') return yield* this.refuse(frame, new Malformed('its tag is broken', frame.start));
    if (frame.problem === 'too-large')
      return yield* this.refuse(frame, new Malformed(`it is longer than ${sizeOf(longest(frame.name))}`, frame.start));
    const offset = this.splitter?.offsetOf(frame.start) ?? 0;
    const goOn = this.splitter?.restart(frame) ?? frame.end;
    if (goOn !== frame.end) {
      if (this.isInRun) yield* this.showRun();
      yield this.refusal(frame, goOn, 'its end tag is missing', offset);
      return;
    }
    const item = this.refusal(frame, goOn, 'the input ended inside it', offset);
    if (this.isInRun) yield* this.endRun(false, item.refusal);
    else yield item;
  }

  /** Of which only the end was found. */
  private *headless(frame: Frame): Generator<ScanItem, void, undefined> {
    if (!this.isInRun) return this.strayed(frame);
    yield* this.showRun();
    const { offset, beginning } = frame.passed ?? { offset: 0, beginning: '' };
    const length = (this.splitter?.offsetOf(frame.end) ?? 0) - offset;
    yield { kind: 'refused', refusal: { element: frame.name, offset, length, reason: 'its start tag is missing', address: addressIn(beginning) } };
  }

  /** What nmap itself has written into an element is cut out; the rest is refused. */
  private *mendOrRefuse(frame: Frame, error: Malformed): Generator<ScanItem, void, undefined> {
    const mended = this.mended(frame, error);
    if (mended === undefined) return yield* this.refuse(frame, error);
    this.retries = 0;
    yield* this.show(mended.item, frame, mended.count);
  }

  private mended({ name, text, start, end }: Frame, error: Malformed): { readonly item: ScanItem | undefined; readonly count: number } | undefined {
    const at = this.splitter?.offsetOf(start) ?? 0;
    if (at < this.mendedTo || !isInterrupted(text, error.position)) return undefined;
    const without = withoutProgress(text.slice(start, end));
    try {
      return { item: this.parse({ name, start: 0, end: without.text.length }, new Reader(without.text)), count: without.count };
    } catch (again) {
      if (!(again instanceof Malformed)) throw again;
      // Once for all that lies in it: each host in it would read to the same end.
      this.mendedTo = at + this.decoder.bytes(text.slice(start, end));
      return undefined;
    }
  }

  private *refuse(frame: Frame, error: Malformed): Generator<ScanItem, void, undefined> {
    this.retries = 0;
    if (frame.name === 'nmaprun') {
      yield* this.endRun(false, undefined);
      this.header = new RunDraft();
    } else if (this.isInRun) yield* this.showRun();
    const offset = this.splitter?.offsetOf(frame.start) ?? 0;
    const position = Math.max(error.position, frame.start);
    const at = this.splitter?.offsetOf(position) ?? 0;
    const end = this.splitter?.restart(frame, position) ?? frame.end;
    yield this.refusal(frame, end, `${error.reason} (byte ${at})`, offset);
  }

  /** `end`: where reading goes on. */
  private refusal(frame: Frame, end: number, reason: string, offset = this.splitter?.offsetOf(frame.start) ?? 0): RefusedItem {
    const length = (this.splitter?.offsetOf(end) ?? 0) - offset;
    const beginning = frame.text.slice(frame.start, Math.min(end, frame.start + MAX_PASSED));
    return { kind: 'refused', refusal: { element: frame.name, offset, length, reason, address: addressIn(beginning) } };
  }

  private readerOf(text: string): Reader {
    if (this.reader.text !== text) this.reader = new Reader(text);
    return this.reader;
  }
}

function interruptedHost(host: Host, count: number): Host {
  return Object.assign(host, { malformed: [...host.malformed, interruptedText('host', count)] });
}

/** Of a host without anything to call it by, nothing can be said. */
function named(host: Host, end: number): Host {
  if (host.addresses.length === 0 && host.hostnames.length === 0) throw new Malformed('it has neither an address nor a name', end);
  return host;
}

function addressIn(beginning: string): string | undefined {
  return /<address addr="([^"<]{1,64})"/.exec(beginning)?.[1];
}

type RefusedItem = Extract<ScanItem, { kind: 'refused' }>;

function sizeOf(characters: number): string {
  return characters < 1 << 20 ? `${characters >> 10} KiB` : `${characters >> 20} MiB`;
}

function unknownEncoding(name: string): ScanItem {
  const reason = `it names the encoding "${name}", which is not known here; the scan is read as UTF-8`;
  return { kind: 'refused', refusal: { element: '?xml', offset: 0, length: 0, reason, address: undefined } };
}
