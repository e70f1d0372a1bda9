import type { ScanItem } from './item.ts';

/** Up to this number of runs, their size does not matter. */
const UNLIMITED_RUNS = 1000;
/** Beyond that, the input must have this many bytes per run: masscan writes 330 when it has found nothing, nmap twice as many. */
const MIN_BYTES_PER_RUN = 300;

/**
 * Recognises an input with more runs than scanners could have written in so many bytes. Each run is kept as a scan with a beginning, an end
 * and a place among all scans, so a megabyte with 30,000 runs would cost as much as 20 megabytes of scans. Excess runs are left out, which is
 * reported once.
 */
export class RunLimit {
  private runs = 0;
  private leftOut = 0;
  private first = 0;

  /** Counts a run. */
  note(): void {
    this.runs++;
  }

  /** Whether another run that begins at this byte of input would be one too many. */
  isFull(offset: number): boolean {
    return this.runs >= UNLIMITED_RUNS && offset < this.runs * MIN_BYTES_PER_RUN;
  }

  skip(offset: number): void {
    if (this.leftOut++ === 0) this.first = offset;
  }

  *report(): Generator<ScanItem, void, undefined> {
    if (this.leftOut === 0) return;
    const others = this.leftOut === 1 ? 'it is' : `it and ${this.leftOut - 1} others are`;
    const reason = `${others} left out: of so many runs each has ${MIN_BYTES_PER_RUN} bytes or more when a scanner has written them`;
    yield { kind: 'refused', refusal: { element: 'nmaprun', offset: this.first, length: 0, reason, address: undefined } };
  }
}
