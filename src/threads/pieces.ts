import type { ScanItem } from '../nmap/item.ts';
import type { Run } from '../nmap/model.ts';
import type { ScanReader } from '../nmap/read.ts';
import { Cutter } from './cutter.ts';
import type { Piece, Rendered } from './render.ts';

/** In bytes. */
export interface PieceSizes {
  /** Before so much was read, no thread is started: that costs as much as reading it. */
  readonly start: number;
  /** A piece ends with the host that is read when it is so large. */
  readonly piece: number;
  /** Larger pieces are no work for threads. */
  readonly most: number;
  /** Room for the lines of a piece, which are three to four times as long as the XML; longer ones find other room. */
  readonly lines: number;
}

const SIZES: PieceSizes = { start: 1 << 19, piece: 1 << 18, most: 1 << 20, lines: 1 << 21 };
/** In all threads; more would be memory for nothing. */
const MAX_PIECES = 4;

/** What becomes of what was read. */
interface Taker {
  /** The run that is being read. */
  readonly run: Run | undefined;
  /** Read by the reader of the whole scan. */
  take(items: Iterable<ScanItem>): Promise<void>;
  /** Read by a thread. */
  takeRendered(rendered: Rendered): Promise<void>;
}

/** Memory that a thread reads a piece from and writes its lines to; used again and again. */
class Slot {
  readonly room: Uint8Array;
  private readonly input: Uint8Array;

  constructor({ most, lines }: PieceSizes) {
    this.room = new Uint8Array(new SharedArrayBuffer(lines));
    this.input = new Uint8Array(new SharedArrayBuffer(most));
  }

  /** The parts one behind the other, which must fit. */
  fill(parts: readonly Uint8Array[]): Uint8Array {
    let length = 0;
    for (const part of parts) {
      this.input.set(part, length);
      length += part.length;
    }
    return this.input.subarray(0, length);
  }
}

/** Threads, or what does as they do. */
interface Renderers {
  /** Somebody would take a piece. */
  readonly isReady: boolean;
  /** What becomes of a piece; undefined when nobody can tell without reading the whole. */
  render(piece: Piece): Promise<Rendered | undefined>;
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
  private readonly pool: () => Renderers;
  private readonly taker: Taker;
  private readonly sizes: PieceSizes;
  private readonly cutter: Cutter;
  private readonly ahead: Ahead[] = [];
  private readonly free: Slot[] = [];
  private bytes = 0;

  /** `pool` is asked for when it is worth having. */
  constructor(reader: ScanReader, pool: () => Renderers, taker: Taker, sizes = SIZES) {
    this.reader = reader;
    this.pool = pool;
    this.taker = taker;
    this.sizes = sizes;
    this.cutter = new Cutter(sizes.piece);
  }

  async push(chunk: Uint8Array): Promise<void> {
    this.bytes += chunk.length;
    const piece = this.cutter.push(chunk);
    if (piece !== undefined) await this.add(piece);
    // A huge host, or no scan at all.
    else if (this.cutter.length > this.sizes.most) await this.readHere(this.cutter.rest());
  }

  /** Takes what threads have; nothing more will be pushed. */
  async settle(): Promise<void> {
    while (this.ahead.length > 0) await this.next();
  }

  async end(): Promise<void> {
    await this.readHere(this.cutter.rest());
    await this.taker.take(this.reader.end());
  }

  private async add(piece: readonly Uint8Array[]): Promise<void> {
    if (this.ahead.length === MAX_PIECES) await this.next();
    if (!this.giveAway(piece)) await this.readHere(piece);
  }

  /** To a thread, if there is one that can take it. */
  private giveAway(piece: readonly Uint8Array[]): boolean {
    const { run } = this.taker;
    const length = piece.reduce((sum, part) => sum + part.length, 0);
    if (run === undefined || this.bytes < this.sizes.start || length > this.sizes.most || !this.pool().isReady) return false;
    const slot = this.free.pop() ?? new Slot(this.sizes);
    const bytes = slot.fill(piece);
    this.ahead.push({ slot, bytes, run, rendered: this.pool().render({ run, bytes, room: slot.room }) });
    return true;
  }

  /** Reads it when all before it have been. */
  private async readHere(parts: readonly Uint8Array[]): Promise<void> {
    await this.settle();
    for (const part of parts) await this.taker.take(this.reader.push(part));
  }

  private async next(): Promise<void> {
    const piece = this.ahead.shift();
    if (piece === undefined) return;
    const rendered = await piece.rendered;
    if (rendered !== undefined && this.reader.isBetween && this.taker.run === piece.run) {
      this.reader.skip(rendered.length);
      await this.taker.takeRendered(rendered);
    } else await this.taker.take(this.reader.push(piece.bytes));
    this.free.push(piece.slot);
  }
}
