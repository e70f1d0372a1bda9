import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

/** How an agent is configured, in its own words. */
export interface LogcollectorOptions {
  readonly onlyFutureEvents?: boolean;
  /** `logcollector.queue_size`. */
  readonly queueSize?: number;
}

const LOOK_FOR_LINES_MS = 2000;
const LOOK_FOR_FILES_MS = 64_000;
const LINES_AT_ONCE = 10_000;
const STOCK_QUEUE = 1024;

/**
 * The logcollector of Wazuh 4.14.7 with one `<localfile>`, as it was seen at a review (SERVERS.md): it looks for lines every two
 * seconds, takes up to 10,000 of them at once and puts them into a queue, which drops what it does not hold; and every 64 seconds
 * it looks whether another file has the name. That file is read from its beginning, one that had no predecessor from its end.
 * Time is what {@link at} says.
 */
export class FakeLogcollector {
  readonly lines: string[] = [];
  dropped = 0;
  private readonly path: string;
  private readonly queueSize: number;
  private file: number | undefined;
  private position = 0;
  private nextLook: number;
  private nextLookForFiles: number;

  constructor(path: string, now: number, { onlyFutureEvents = true, queueSize = STOCK_QUEUE }: LogcollectorOptions = {}) {
    this.path = path;
    this.queueSize = queueSize;
    this.nextLook = now + LOOK_FOR_LINES_MS;
    this.nextLookForFiles = now + LOOK_FOR_FILES_MS;
    if (this.inode() !== undefined) this.open(onlyFutureEvents);
  }

  /** It is so late now: whatever it would have done until then, it does. */
  at(now: number): void {
    for (; this.nextLook <= now; this.nextLook += LOOK_FOR_LINES_MS) {
      if (this.nextLookForFiles <= this.nextLook) {
        this.lookForFiles();
        this.nextLookForFiles += LOOK_FOR_FILES_MS;
      }
      this.read(LINES_AT_ONCE);
    }
  }

  stop(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }

  private lookForFiles(): void {
    const inode = this.inode();
    if (inode === undefined) return;
    if (this.file === undefined) return this.open(true);
    if (inode === fstatSync(this.file).ino) return;
    this.read(Number.POSITIVE_INFINITY);
    this.stop();
    this.open(false);
  }

  private open(atEnd: boolean): void {
    this.file = openSync(this.path, 'r');
    this.position = atEnd ? fstatSync(this.file).size : 0;
  }

  private read(most: number): void {
    if (this.file === undefined) return;
    const bytes = Buffer.alloc(Math.max(0, fstatSync(this.file).size - this.position));
    const whole = bytes.subarray(0, readSync(this.file, bytes, 0, bytes.length, this.position)).toString('latin1');
    const lines = whole.split('\n').slice(0, -1).slice(0, most);
    this.position += lines.reduce((sum, line) => sum + line.length + 1, 0);
    this.lines.push(...lines.slice(0, this.queueSize));
    this.dropped += Math.max(0, lines.length - this.queueSize);
  }

  private inode(): number | undefined {
    return statSync(this.path, { throwIfNoEntry: false })?.ino;
  }
}
