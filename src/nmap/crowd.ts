import type { ScanItem } from './item.ts';

/** So many runs may be as small as they like. */
const FREE_RUNS = 1000;
/** Behind these, so much of the input is to be there for each: masscan writes 330 when it has found nothing, nmap twice as many. */
const LEAST_BYTES = 300;

/**
 * Runs that are more than scanners could have written in so many bytes. Each run is a scan of its own, with a beginning, an end and a place
 * among all that are known, so a megabyte of 30,000 would cost what 20 megabytes of scans do. They are left out, and that is told once.
 */
export class Crowd {
  private runs = 0;
  private leftOut = 0;
  private first = 0;

  /** A run was read. */
  note(): void {
    this.runs++;
  }

  /** Whether one more, at that byte of input, is one too many. */
  isFull(offset: number): boolean {
    return this.runs >= FREE_RUNS && offset < this.runs * LEAST_BYTES;
  }

  leaveOut(offset: number): void {
    if (this.leftOut++ === 0) this.first = offset;
  }

  *tell(): Generator<ScanItem, void, undefined> {
    if (this.leftOut === 0) return;
    const others = this.leftOut === 1 ? 'it is' : `it and ${this.leftOut - 1} others are`;
    const reason = `${others} left out: of so many runs each has ${LEAST_BYTES} bytes or more when a scanner has written them`;
    yield { kind: 'refused', refusal: { element: 'nmaprun', offset: this.first, length: 0, reason, address: undefined } };
  }
}
