import { RunLimit } from './run-limit.ts';
import { type Element, interruptedHost } from './element.ts';
import type { Refusal, ScanItem } from './item.ts';
import type { RunStats } from './model.ts';
import { RunDraft } from './once.ts';
import type { Reader } from './reader.ts';
import { StrayElements } from './stray.ts';

/** Tasks that are held back until the header of their run is complete. */
const MAX_EARLY = 16;

/**
 * The run that is being read. Its header continues behind the start tag (`scaninfo`, `verbose`, `debugging`), so the `run`
 * item is emitted just before the first other item. Elements outside of any run, and runs without content, are only counted.
 */
export class CurrentRun {
  /** The header, until it is emitted. */
  private header: RunDraft | undefined;
  /** The `run` item was emitted, and its `end` was not. */
  private open: boolean;
  /** The run that is open has no `scaninfo`. */
  private lacksScanInfo = false;
  private stats: RunStats | undefined;
  /** Held back until the header is emitted: elements of it that nmap interrupted, with how often; tasks. */
  private interrupted = new Map<string, number>();
  private early: ScanItem[] = [];
  private readonly stray = new StrayElements();
  private readonly runLimit = new RunLimit();
  /** The current run is one too many (see {@link RunLimit}), so none of it is read. */
  isLeftOut = false;
  /** The input has had a run so far. */
  hasBegun = false;

  /** `isOpen`: reading starts inside a run whose header another reader has emitted. */
  constructor(isOpen = false) {
    this.open = isOpen;
  }

  /** Whether there is a current run. */
  get isThere(): boolean {
    return this.open || this.header !== undefined;
  }

  /** Whether the header was emitted and more hosts may come. */
  get isAmongHosts(): boolean {
    return this.open && this.header === undefined && this.stats === undefined;
  }

  /** Starts a run at a byte of input; the previous one must have ended. */
  begin(offset: number, header = new RunDraft()): void {
    this.isLeftOut = this.runLimit.isFull(offset);
    if (this.isLeftOut) this.runLimit.skip(offset);
    else this.header = header;
  }

  /** An element of a run that is left out. */
  skip(element: string): void {
    this.isLeftOut = element !== '/nmaprun';
  }

  /** Whether a host outside of any run, at this byte, begins a run. */
  mayBeginWithHost(offset: number): boolean {
    return !this.runLimit.isFull(offset);
  }

  /** Adds the part of the header at which `reader` is. */
  addToHeader(reader: Reader, length: number): void {
    this.header?.add(reader, length);
  }

  /** Whether the header was emitted without a `scaninfo`, so that one that comes now is too late. */
  get missesScanInfo(): boolean {
    return this.header === undefined && this.lacksScanInfo;
  }

  /** nmap has written its progress into an element of the header `count` times. */
  noteInterrupted(element: string, count: number): void {
    if (count > 0 && !this.isLeftOut) this.interrupted.set(element, (this.interrupted.get(element) ?? 0) + count);
  }

  /** Counts an element outside of any run. */
  addStray(element: string, offset: number): void {
    this.stray.add(element, offset);
  }

  /** Emits what an element says, and how often nmap has written its progress into it. */
  *emit(element: string, item: Element | undefined, interruptions: number): Generator<ScanItem, void, undefined> {
    if (item?.kind === 'task' && this.header?.isWhole === false && this.early.length < MAX_EARLY) return void this.early.push(item);
    yield* this.emitHeader();
    if (item?.kind === 'host') yield interruptions === 0 ? item : { kind: 'host', host: interruptedHost(item.host, interruptions) };
    else {
      if (interruptions > 0) yield { kind: 'mended', mended: { element, count: interruptions } };
      if (item?.kind === 'runstats') this.stats = item.stats;
      else if (item !== undefined) yield item;
    }
  }

  /** Emits the header, unless that was done. */
  *emitHeader(): Generator<ScanItem, void, undefined> {
    if (this.open) return;
    yield* this.stray.report();
    this.open = true;
    this.runLimit.note();
    const { run } = this.header ?? new RunDraft();
    this.header = undefined;
    this.hasBegun = true;
    this.lacksScanInfo = run.scaninfo.length === 0;
    yield { kind: 'run', run };
    for (const [element, count] of this.interrupted) yield { kind: 'mended', mended: { element, count } };
    this.interrupted.clear();
    yield* this.early.splice(0);
  }

  /** Emits the end of the run, if there is one. `offset`: bytes of input; `pending`: the element in which the input ends. */
  *end(offset: number, closed = false, pending?: Refusal): Generator<ScanItem, void, undefined> {
    this.isLeftOut = false;
    if (this.header !== undefined) {
      if (pending === undefined && this.stray.isNothing(this.header)) this.forget(offset);
      else yield* this.emitHeader();
    }
    if (!this.open) return;
    const { stats } = this;
    this.open = false;
    this.stats = undefined;
    yield { kind: 'end', end: { stats, closed, pending, offset } };
  }

  /** At the end of the input: emits one item for all elements outside of runs, and one for runs that were left out. */
  *leftItems(): Generator<ScanItem, void, undefined> {
    yield* this.stray.report();
    yield* this.runLimit.report();
  }

  /** Drops a run without content. */
  private forget(offset: number): void {
    this.header = undefined;
    this.interrupted.clear();
    this.early = [];
    this.stray.add('nmaprun', offset);
  }
}
