import type { ScanItem } from '../../nmap/item.ts';
import type { Run } from '../../nmap/model.ts';
import type { ScanReader } from '../../nmap/read.ts';
import type { Piece, Rendered } from './render.ts';
import type { Slot, Slots } from './slot.ts';

/** In bytes. */
export interface PieceSizes {
  /** Before so much was read, no thread is started: that costs as much as reading it. */
  readonly start: number;
  /** A piece ends with the host that is read when it is so large. */
  readonly piece: number;
}

const SIZES: PieceSizes = { start: 1 << 19, piece: 1 << 18 };
/** In all threads; more would be memory for nothing. */
const MAX_PIECES = 4;

/** What becomes of what was read. */
interface Taker {
  /** The run that is being read. */
  readonly run: Run | undefined;
  /** Read by the reader of the whole scan. */
  take(items: Iterable<ScanItem>): Promise<void>;
  /** Read by a thread; false when it cannot be taken as it is, and was not. */
  takeRendered(rendered: Rendered): Promise<boolean | void>;
}

/** Threads, or what does as they do. */
export interface Renderers {
  /** Somebody would take a piece. */
  readonly isReady: boolean;
  /** What becomes of a piece; undefined when nobody can tell without reading the whole. */
  render(piece: Piece): Promise<Rendered | undefined>;
}

interface PieceThreads {
  /** Started when this is asked for. */
  readonly pool: Renderers;
  readonly slots: Slots;
}

/** A piece that was given to a thread. */
interface Ahead {
  readonly slot: Slot;
  readonly bytes: Uint8Array;
  readonly run: Run;
  readonly rendered: Promise<Rendered | undefined>;
}

/**
 * Reads a scan in pieces, most of them in threads, as if `reader` had read it alone. A thread is given a piece
 * before anybody knows whether it begins where a thread can begin. That is known when its turn comes: if the
 * reader then stands between two elements of the same run, and the thread has found whole elements and nothing
 * else, so would the reader have, and stands between two elements again. In every other case it reads the
 * piece itself.
 */
export class PieceReader {
  private readonly reader: ScanReader;
  private readonly threads: PieceThreads;
  private readonly taker: Taker;
  private readonly sizes: PieceSizes;
  /** Given to threads, in the order of the scan. */
  private readonly ahead: Ahead[] = [];
  /** Being filled. */
  private current: Slot;
  private bytes = 0;

  constructor(reader: ScanReader, threads: PieceThreads, taker: Taker, sizes = SIZES) {
    this.reader = reader;
    this.threads = threads;
    this.taker = taker;
    this.sizes = sizes;
    this.current = threads.slots.take();
  }

  async push(chunk: Uint8Array): Promise<void> {
    this.bytes += chunk.length;
    for (let at = 0; at < chunk.length;) {
      at += this.current.add(chunk.subarray(at));
      if (this.current.bytes.length >= this.sizes.piece) await this.cut();
    }
  }

  /** Reads all that was pushed. */
  async settle(): Promise<void> {
    await this.readHere(this.current.bytes);
    this.current.clear();
  }

  async end(): Promise<void> {
    await this.settle();
    this.threads.slots.give(this.current);
    await this.taker.take(this.reader.end());
  }

  private async cut(): Promise<void> {
    const { current } = this;
    const end = current.lastEnd;
    if (end > 0) {
      if (this.ahead.length === MAX_PIECES) await this.next();
      this.current = this.threads.slots.take();
      this.current.add(current.bytes.subarray(end));
      await this.read(current, current.bytes.subarray(0, end));
    } else if (current.isFull) await this.settle();
  }

  /** In a thread, if there is one that can. */
  private async read(slot: Slot, bytes: Uint8Array): Promise<void> {
    const { run } = this.taker;
    if (run !== undefined && this.bytes >= this.sizes.start && this.threads.pool.isReady) {
      this.ahead.push({ slot, bytes, run, rendered: this.threads.pool.render({ run, bytes, room: slot.room }) });
      return;
    }
    await this.readHere(bytes);
    this.threads.slots.give(slot);
  }

  /** When all before it have been. */
  private async readHere(bytes: Uint8Array): Promise<void> {
    while (this.ahead.length > 0) await this.next();
    await this.taker.take(this.reader.push(bytes));
  }

  private async next(): Promise<void> {
    const piece = this.ahead.shift();
    if (piece === undefined) return;
    const rendered = await piece.rendered;
    const isWhole = rendered !== undefined && this.reader.isBetween && this.taker.run === piece.run;
    if (isWhole && (await this.taker.takeRendered(rendered)) !== false) this.reader.skip(rendered.length);
    else await this.taker.take(this.reader.push(piece.bytes));
    this.threads.slots.give(piece.slot);
  }
}
