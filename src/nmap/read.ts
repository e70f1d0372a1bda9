import { Decoder } from './decode.ts';
import { readHost, readHostHint } from './host.ts';
import type { Run, RunStats } from './model.ts';
import type { Refusal, ScanItem } from './item.ts';
import { type Element, readElement, toRun, toRunStats, toScripts, toTarget, toTask } from './once.ts';
import { Reader } from './reader.ts';
import { type Frame, Splitter } from './split.ts';
import { Malformed, Unterminated } from './tokens.ts';

/** How often the end of a host is looked for behind comments that contain `</host>`. */
const MAX_RETRIES = 16;
const BARE: Element = { name: 'nmaprun', attributes: {}, children: [], text: '' };

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
  private splitter: Splitter | undefined;
  private reader = new Reader('');
  private retries = 0;
  /** The run whose `</nmaprun>` has not come: its header until the first other item, then `open`. */
  private header: { readonly start: Element; readonly head: Element[] } | undefined;
  private open = false;
  private stats: RunStats | undefined;
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
    return inRun && this.decoder.isWhole && this.splitter?.isEmpty !== false;
  }

  /** Bytes of input, as far as one can count them behind characters that the encoding does not know. */
  get consumed(): number {
    return this.splitter?.consumed ?? 0;
  }

  /** So many bytes were read by somebody else, who has {@link consumed} them, from between two elements to between two others. */
  skip(bytes: number): void {
    this.splitter?.skip(bytes);
  }

  *push(chunk: Uint8Array): Generator<ScanItem, void, undefined> {
    yield* this.read(this.decoder.decode(chunk));
  }

  *end(): Generator<ScanItem, void, undefined> {
    yield* this.read(this.decoder.end());
    this.splitter?.end();
    yield* this.frames();
    yield* this.endRun(false, undefined);
  }

  private *read(text: string): Generator<ScanItem, void, undefined> {
    if (text === '') return;
    if (this.beginning.length < 512) this.beginning += text.slice(0, 512);
    if (this.splitter === undefined) {
      this.splitter = new Splitter((part) => this.decoder.bytes(part), this.decoder.markBytes);
      if (this.decoder.unknown !== undefined) yield unknownEncoding(this.decoder.unknown);
    }
    this.splitter.push(text);
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
      else if (frame.name === 'scaninfo' || frame.name === 'verbose' || frame.name === 'debugging') {
        this.header?.head.push(tag(frame));
      } else if (frame.name === 'DOCTYPE') {
        yield this.refusal(frame, 'a DOCTYPE with declarations of its own, which are not read');
      } else {
        const item = this.parse(frame);
        yield* this.showRun();
        if (frame.name === '/nmaprun') yield* this.endRun(true, undefined);
        else if (item !== undefined) yield item;
      }
      this.retries = 0;
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      if (error instanceof Unterminated && this.retries++ < MAX_RETRIES) this.splitter?.retry(frame, error.closing);
      else yield* this.refuse(frame, error);
    }
  }

  private parse(frame: Frame): ScanItem | undefined {
    switch (frame.name) {
      case 'host':
        return { kind: 'host', host: readHost(this.readerOf(frame), frame.start, frame.end) };
      case 'hosthint':
        return { kind: 'hosthint', hint: readHostHint(this.readerOf(frame), frame.start, frame.end) };
      case 'target':
        return { kind: 'target', target: toTarget(tag(frame)) };
      case 'taskbegin':
      case 'taskprogress':
      case 'taskend':
        return { kind: 'task', task: toTask(tag(frame)) };
      case 'prescript':
      case 'postscript':
        return { kind: frame.name, scripts: toScripts(element(frame)) };
      case 'output': {
        const { attributes, text } = element(frame);
        return { kind: 'output', type: attributes['type'], text };
      }
      case 'runstats':
        this.stats = toRunStats(element(frame));
        return undefined;
      default:
        return undefined;
    }
  }

  private *startRun(frame: Frame): Generator<ScanItem, void, undefined> {
    const start = tag(frame);
    yield* this.endRun(false, undefined);
    this.header = { start, head: [] };
  }

  /** Gives the run's header before the first item that is not part of it. */
  private *showRun(): Generator<ScanItem, void, undefined> {
    if (this.open) return;
    this.open = true;
    const run: Run = toRun(this.header?.start ?? BARE, this.header?.head ?? []);
    this.header = undefined;
    yield { kind: 'run', run };
  }

  private *endRun(closed: boolean, pending: Refusal | undefined): Generator<ScanItem, void, undefined> {
    if (this.header !== undefined) yield* this.showRun();
    if (!this.open) return;
    const { stats } = this;
    this.open = false;
    this.stats = undefined;
    yield { kind: 'end', end: { stats, closed, pending, offset: this.consumed } };
  }

  private *broken(frame: Frame): Generator<ScanItem, void, undefined> {
    if (frame.problem === 'bad-tag') return yield* this.refuse(frame, new Malformed('its tag is broken', frame.start));
    if (frame.problem === 'too-large') return yield* this.refuse(frame, new Malformed('it is longer than 64 MiB', frame.start));
    const item = this.refusal(frame, 'the input ended inside it');
    const goOn = this.splitter?.restart(frame);
    if (goOn !== frame.end) {
      yield* this.showRun();
      yield { kind: 'refused', refusal: { ...item.refusal, reason: 'its end tag is missing' } };
    } else if (this.open || this.header !== undefined) yield* this.endRun(false, item.refusal);
    else yield item;
  }

  private *refuse(frame: Frame, error: Malformed): Generator<ScanItem, void, undefined> {
    this.retries = 0;
    if (frame.name !== 'nmaprun') yield* this.showRun();
    else yield* this.endRun(false, undefined);
    const item = this.refusal(frame, error.reason);
    const position = Math.max(error.position, frame.start);
    const at = this.splitter?.offsetOf(position) ?? 0;
    const end = this.splitter?.restart(frame) ?? frame.end;
    const length = this.decoder.bytes(frame.text.slice(frame.start, end));
    yield { kind: 'refused', refusal: { ...item.refusal, length, reason: `${error.reason} (byte ${at})` } };
  }

  private refusal(frame: Frame, reason: string): { readonly kind: 'refused'; readonly refusal: Refusal } {
    const text = frame.text.slice(frame.start, frame.end);
    const refusal: Refusal = {
      element: frame.name,
      offset: this.splitter?.offsetOf(frame.start) ?? 0,
      length: this.decoder.bytes(text),
      reason,
      address: /<address addr="([^"<]{1,64})"/.exec(text.slice(0, 4096))?.[1],
    };
    return { kind: 'refused', refusal };
  }

  private readerOf(frame: Frame): Reader {
    if (this.reader.text !== frame.text) this.reader = new Reader(frame.text);
    return this.reader;
  }
}

function unknownEncoding(name: string): ScanItem {
  const reason = `it names the encoding "${name}", which is not known here; the scan is read as UTF-8`;
  return { kind: 'refused', refusal: { element: '?xml', offset: 0, length: 0, reason, address: undefined } };
}

function element(frame: Frame): Element {
  return readElement(frame.text.slice(frame.start, frame.end));
}

/** The start tag of an element that has no content, or whose content follows. */
function tag(frame: Frame): Element {
  return readElement(frame.text.slice(frame.start, frame.end).replace(/\/?>$/, '/>'));
}
