import type { ScanItem } from './item.ts';
import type { Run } from './model.ts';

/** In one stream: more than anybody has that were cut behind their header. */
const MAX_EMPTY = 100;

/**
 * What stands outside of any run, and runs that say nothing: a header without a word, the same header again with nothing
 * behind it, or the hundred and first of such headers. Counted, and told as one, for a megabyte may hold 100,000 of them.
 */
export class StrayElements {
  private count = 0;
  private first = { element: '', offset: 0 };
  /** The last header that had nothing behind it, and how many there were. */
  private empty = '';
  private empties = 0;

  add(element: string, offset: number): void {
    if (this.count++ === 0) this.first = { element, offset };
  }

  /** Whether a run with nothing but this header says nothing (new). */
  isNothing(header: { readonly run: Run }): boolean {
    const { scanner = '', args = '' } = header.run;
    if (scanner === '' && args === '') return true;
    const text = JSON.stringify(header.run);
    if (text === this.empty || this.empties === MAX_EMPTY) return true;
    this.empties++;
    this.empty = text;
    return false;
  }

  *tell(): Generator<ScanItem, void, undefined> {
    if (this.count === 0) return;
    const { count, first } = this;
    this.count = 0;
    const reason = count === 1 ? 'it stands outside of any run' : `it and ${count - 1} others stand outside of any run, or are runs that say nothing`;
    yield { kind: 'refused', refusal: { ...first, length: 0, reason, address: undefined } };
  }
}
