import type { ScanItem } from './item.ts';
import type { Run } from './model.ts';

/** Runs with only a header in one stream. */
const MAX_EMPTY = 100;

/**
 * Elements outside of any run, and runs without content: an empty header, the same header again without anything behind it, or
 * the hundred and first of such headers. They are counted and reported as one item, because a megabyte may hold 100,000 of
 * them.
 */
export class StrayElements {
  private count = 0;
  private first = { element: '', offset: 0 };
  /** The last header without anything behind it, and how many there were. */
  private empty = '';
  private emptyRuns = 0;

  add(element: string, offset: number): void {
    if (this.count++ === 0) this.first = { element, offset };
  }

  /** Whether a run with only this header is to be dropped. */
  isNothing(header: { readonly run: Run }): boolean {
    const { scanner = '', args = '' } = header.run;
    if (scanner === '' && args === '') return true;
    const text = JSON.stringify(header.run);
    if (text === this.empty || this.emptyRuns === MAX_EMPTY) return true;
    this.emptyRuns++;
    this.empty = text;
    return false;
  }

  *report(): Generator<ScanItem, void, undefined> {
    if (this.count === 0) return;
    const { count, first } = this;
    this.count = 0;
    const reason = count === 1 ? 'it is outside of any run' : `it and ${count - 1} others are outside of any run, or are empty runs`;
    yield { kind: 'refused', refusal: { ...first, length: 0, reason, address: undefined } };
  }
}
