import type { ScanItem } from '../../nmap/item.ts';
import type { Run } from '../../nmap/model.ts';
import type { ScanReader } from '../../nmap/read.ts';
import type { Piece, Rendered } from './render.ts';
import type { Slot, Slots } from './slot.ts';

/** In bytes. */
export interface PieceSizes {
  /** Input size from which threads are started; starting one costs as much as reading this. */
  readonly start: number;
  /** A piece ends behind the host at which it reaches this size. */
  readonly piece: number;
}

const SIZES: PieceSizes = { start: 1 << 19, piece: 1 << 18 };
/** Pieces in all threads together. */
const MAX_PIECES = 4;

/** Receives what was read. */
export interface ResultReceiver {
  /** The run that is being read. */
  readonly run: Run | undefined;
  /** Items read by the main reader. */
  take(items: Iterable<ScanItem>): Promise<void>;
  /** A piece rendered by a thread; false when it cannot be used and was not. */
  takeRendered(rendered: Rendered): Promise<boolean>;
}

/** A pool of threads, or a stand-in. */
export interface Renderers {
  /** A thread is free. */
  readonly isReady: boolean;
  /** Renders a piece; undefined when it cannot be read on its own. */
  render(piece: Piece): Promise<Rendered | undefined>;
}

interface PieceThreads {
  /** Started when this is asked for. */
  readonly pool: Renderers;
  readonly slots: Slots;
}

/** A piece that was given to a thread. */
interface PendingPiece {
  readonly slot: Slot;
  readonly bytes: Uint8Array;
  readonly run: Run;
  readonly rendered: Promise<Rendered | undefined>;
}

/**
 * Reads a scan in pieces, most of them in threads, as if `reader` had read it alone. A thread gets a piece before it is known
 * whether it begins between two elements. When its turn comes: if the reader is between two elements of the same run, and the
 * thread found only whole elements, the reader would have found the same, and skips the piece. Otherwise it reads the piece
 * itself.
 */
export class PieceReader {
  private readonly reader: ScanReader;
  private readonly threads: PieceThreads;
  private readonly receiver: ResultReceiver;
  private readonly sizes: PieceSizes;
  /** Pieces given to threads, in order. */
  private readonly pendingPieces: PendingPiece[] = [];
  /** Being filled. */
  private current: Slot;
  private bytes = 0;

  constructor(reader: ScanReader, threads: PieceThreads, receiver: ResultReceiver, sizes = SIZES) {
    this.reader = reader;
    this.threads = threads;
    this.receiver = receiver;
    this.sizes = sizes;
    this.current = threads.slots.acquire();
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
    this.threads.slots.release(this.current);
    await this.receiver.take(this.reader.end());
  }

  private async cut(): Promise<void> {
    const { current } = this;
    const end = current.lastEnd;
    if (end > 0) {
      if (this.pendingPieces.length === MAX_PIECES) await this.next();
      this.current = this.threads.slots.acquire();
      this.current.add(current.bytes.subarray(end));
      await this.read(current, current.bytes.subarray(0, end));
    } else if (current.isFull) await this.settle();
  }

  /** Reads a piece in a thread if possible. */
  private async read(slot: Slot, bytes: Uint8Array): Promise<void> {
    const { run } = this.receiver;
    if (run !== undefined && this.bytes >= this.sizes.start && this.threads.pool.isReady) {
      this.pendingPieces.push({ slot, bytes, run, rendered: this.threads.pool.render({ run, bytes, room: slot.room }) });
      return;
    }
    await this.readHere(bytes);
    this.threads.slots.release(slot);
  }

  /** Reads a piece here, after all before it. */
  private async readHere(bytes: Uint8Array): Promise<void> {
    while (this.pendingPieces.length > 0) await this.next();
    await this.receiver.take(this.reader.push(bytes));
  }

  private async next(): Promise<void> {
    const piece = this.pendingPieces.shift();
    if (piece === undefined) return;
    const rendered = await piece.rendered;
    const isWhole = rendered !== undefined && this.reader.isBetween && this.receiver.run === piece.run;
    if (isWhole && (await this.receiver.takeRendered(rendered))) this.reader.skip(rendered.length);
    else await this.receiver.take(this.reader.push(piece.bytes));
    this.threads.slots.release(piece.slot);
  }
}
