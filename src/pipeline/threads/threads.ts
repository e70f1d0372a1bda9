import { availableParallelism } from 'node:os';
import { Pool } from './pool.ts';
import type { RenderOptions } from './render.ts';
import { Slots } from './slot.ts';

/** Each takes some 30 MB, and the process is to stay below 256 MB. */
const MOST = 3;

/** The threads of a run, started when there is enough to do. */
export class Threads {
  readonly slots = new Slots({ piece: 1 << 20, lines: 1 << 21 });
  private readonly terms: RenderOptions;
  private readonly size: number;
  private started: Pool | undefined;

  private constructor(terms: RenderOptions, size: number) {
    this.terms = terms;
    this.size = size;
  }

  /** One thread per processor, including this one; undefined on a single processor. */
  static with(terms: RenderOptions): Threads | undefined {
    const size = Math.min(availableParallelism(), MOST);
    return size < 2 ? undefined : new Threads(terms, size);
  }

  get pool(): Pool {
    this.started ??= new Pool(this.terms, this.size);
    return this.started;
  }

  async close(): Promise<void> {
    await this.started?.close();
  }
}
