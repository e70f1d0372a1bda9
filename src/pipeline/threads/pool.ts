import { Worker } from 'node:worker_threads';
import { threadProgram } from '../../core/package-files.ts';
import { type Piece, type Rendered, Renderer, type RenderOptions } from './render.ts';

/** Young generation of a thread's heap: no slower, and 130 MB less than V8's default. */
const YOUNG_MB = 12;

type Answer = (rendered: Rendered | undefined) => void;

/** One thread, and the promises of its answers, in order. */
class Thread {
  isReady = false;
  readonly waiting: Answer[] = [];
  private readonly worker: Worker;

  constructor(terms: RenderOptions) {
    const { program, eval: isText } = threadProgram('reading');
    this.worker = new Worker(program, {
      eval: isText,
      workerData: terms,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.worker.on('message', (message: Rendered | 'ready' | undefined) => {
      if (message === 'ready') this.isReady = true;
      else this.waiting.shift()?.(message);
    });
    // Whatever killed it: the main reader reads the piece again and reports errors.
    this.worker.on('error', () => this.giveUp());
    this.worker.on('exit', () => this.giveUp());
  }

  render(piece: Piece): Promise<Rendered | undefined> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.worker.postMessage(piece);
    });
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }

  private giveUp(): void {
    this.isReady = false;
    for (const answer of this.waiting.splice(0)) answer(undefined);
  }
}

/** Pieces per thread: the current one and the next. */
const QUEUE = 2;

/** Threads that render pieces of a scan in parallel; this thread helps when the others are busy. */
export class Pool {
  private readonly threads: readonly Thread[];
  private readonly here: Renderer;

  /** `size`: threads including this one. */
  constructor(terms: RenderOptions, size: number) {
    this.threads = threads(terms, size - 1);
    this.here = new Renderer(terms);
  }

  get isReady(): boolean {
    return this.threads.some(({ isReady }) => isReady);
  }

  /** Renders a piece in the least busy thread; undefined when it cannot be read on its own. */
  async render(piece: Piece): Promise<Rendered | undefined> {
    const free = this.threads.filter(({ isReady, waiting }) => isReady && waiting.length < QUEUE);
    const [leastBusy] = free.toSorted((a, b) => a.waiting.length - b.waiting.length);
    return leastBusy === undefined ? this.renderHere(piece) : leastBusy.render(piece);
  }

  private renderHere(piece: Piece): Rendered | undefined {
    try {
      return this.here.render(piece);
    } catch {
      // As when a thread dies of it.
      return undefined;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.close()));
  }
}

function threads(terms: RenderOptions, count: number): readonly Thread[] {
  try {
    return Array.from({ length: count }, () => new Thread(terms));
  } catch {
    // Where threads are forbidden (node --permission), none is ever free.
    return [];
  }
}
