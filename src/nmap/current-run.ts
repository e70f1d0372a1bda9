import { type Element, interruptedHost } from './element.ts';
import type { Refusal, ScanItem } from './item.ts';
import type { RunStats } from './model.ts';
import { RunDraft } from './once.ts';
import type { Reader } from './reader.ts';
import { StrayElements } from './stray.ts';

/** Tasks that are kept until the header of their run is whole. */
const MAX_EARLY = 16;

/**
 * The run that is being read. Its header goes on behind its start tag (`scaninfo`, `verbose`, `debugging`), so it is given
 * as an item before the first other one; what stands outside of any run, or is a run that says nothing, is counted.
 */
export class CurrentRun {
  /** The header that was not given yet; undefined when there is none, or it was. */
  private header: RunDraft | undefined;
  /** The run was given, and its end was not. */
  private open: boolean;
  /** The run that is open has no `scaninfo`. */
  private isUntold = false;
  private stats: RunStats | undefined;
  /** From before the header was given: elements of it that nmap has interrupted, and how often; tasks. */
  private interrupted = new Map<string, number>();
  private early: ScanItem[] = [];
  private readonly stray = new StrayElements();
  /** The input has had a run. */
  hasBegun = false;

  /** `isOpen`: reading begins in the middle of a run that somebody else has given. */
  constructor(isOpen = false) {
    this.open = isOpen;
  }

  /** Something that belongs to a run belongs to this one. */
  get isThere(): boolean {
    return this.open || this.header !== undefined;
  }

  /** It was given, and more hosts of it may come. */
  get isAmongHosts(): boolean {
    return this.open && this.header === undefined && this.stats === undefined;
  }

  /** Begins with a header; the one before it must have ended. */
  begin(header = new RunDraft()): void {
    this.header = header;
  }

  /** Adds a part of the header, which `reader` stands on. */
  addToHeader(reader: Reader, length: number): void {
    this.header?.add(reader, length);
  }

  /** The header was given without a `scaninfo`: one that comes now is too late. */
  get missesScanInfo(): boolean {
    return this.header === undefined && this.isUntold;
  }

  /** nmap has interrupted an element of the header so often. */
  noteInterrupted(element: string, count: number): void {
    if (count > 0) this.interrupted.set(element, (this.interrupted.get(element) ?? 0) + count);
  }

  /** Counts what stands outside of any run. */
  addStray(element: string, offset: number): void {
    this.stray.add(element, offset);
  }

  /** Gives an item, and how often nmap has interrupted its element; undefined: only the latter. */
  *give(element: string, item: Element | undefined, interruptions: number): Generator<ScanItem, void, undefined> {
    if (item?.kind === 'task' && this.header?.isWhole === false && this.early.length < MAX_EARLY) return void this.early.push(item);
    yield* this.giveHeader();
    if (item?.kind === 'host') yield interruptions === 0 ? item : { kind: 'host', host: interruptedHost(item.host, interruptions) };
    else {
      if (interruptions > 0) yield { kind: 'mended', mended: { element, count: interruptions } };
      if (item?.kind === 'runstats') this.stats = item.stats;
      else if (item !== undefined) yield item;
    }
  }

  /** Gives the header, if that was not done. */
  *giveHeader(): Generator<ScanItem, void, undefined> {
    if (this.open) return;
    yield* this.stray.tell();
    this.open = true;
    const { run } = this.header ?? new RunDraft();
    this.header = undefined;
    this.hasBegun = true;
    this.isUntold = run.scaninfo.length === 0;
    yield { kind: 'run', run };
    for (const [element, count] of this.interrupted) yield { kind: 'mended', mended: { element, count } };
    this.interrupted.clear();
    yield* this.early.splice(0);
  }

  /** Gives the end of the run, if there is one, at a byte offset of the input. `pending`: the element that the input ends in. */
  *end(offset: number, closed = false, pending?: Refusal): Generator<ScanItem, void, undefined> {
    if (this.header !== undefined) {
      if (pending === undefined && this.stray.isNothing(this.header)) this.forget(offset);
      else yield* this.giveHeader();
    }
    if (!this.open) return;
    const { stats } = this;
    this.open = false;
    this.stats = undefined;
    yield { kind: 'end', end: { stats, closed, pending, offset } };
  }

  /** What stands outside of any run, in one item. */
  tellStray(): Generator<ScanItem, void, undefined> {
    return this.stray.tell();
  }

  /** The run says nothing. */
  private forget(offset: number): void {
    this.header = undefined;
    this.interrupted.clear();
    this.early = [];
    this.stray.add('nmaprun', offset);
  }
}
