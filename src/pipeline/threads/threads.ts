import { availableParallelism } from 'node:os';
import { Pool } from './pool.ts';
import type { RenderOptions } from './render.ts';
import { Slots } from './slot.ts';

/** Each takes some 30 MB, and the whole is to stay below 256. */
const MOST = 3;

/** The threads of a run, which are started when there is enough to do for them. */
export class Threads {
  readonly slots = new Slots({ piece: 1 << 20, lines: 1 << 21 });
  private readonly terms: RenderOptions;
  private readonly size: number;
  private started: Pool | undefined;

  private constructor(terms: RenderOptions, size: number) {
    this.terms = terms;
    this.size = size;
  }

  /** With this one, one a processor; undefined where a single one does everything. */
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
