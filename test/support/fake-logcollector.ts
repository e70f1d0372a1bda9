import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';

/** How an agent is configured, in its own words. */
export interface LogcollectorOptions {
  readonly onlyFutureEvents?: boolean;
  /** `max-size` of `only-future-events`, in bytes. */
  readonly maxSize?: number;
  /** `logcollector.queue_size`. */
  readonly queueSize?: number;
}

/** What it writes to `file_status.json` when it stops. */
export interface ReadSoFar {
  readonly offset: number;
  /** Of what is before it. */
  readonly hash: string;
}

const LOOK_FOR_LINES_MS = 2000;
const LOOK_FOR_FILES_MS = 64_000;
const LINES_AT_ONCE = 10_000;
const STOCK_QUEUE = 1024;
const STOCK_MAX_SIZE = 10 << 20;

/**
 * The logcollector of Wazuh 4.14.7 with one `<localfile>`, as it was seen at a review (SERVERS.md): it looks for lines every two
 * seconds, takes up to 10,000 of them at once and puts them into a queue, which drops what it does not hold; and every 64 seconds
 * it looks whether another file has the name. That file is read from its beginning, one that had no predecessor from its end.
 * Started again, it goes on where it was, if it is told to, if the file is the same, and if no more than `maxSize` has come meanwhile: else it
 * goes to the end (github.com/wazuh/wazuh, src/logcollector/logcollector.c, w_set_to_last_line_read). Time is what {@link at} says.
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

  /** `before`: what {@link stop} has returned, of one that ran earlier. */
  constructor(path: string, now: number, options: LogcollectorOptions = {}, before?: ReadSoFar) {
    this.path = path;
    this.queueSize = options.queueSize ?? STOCK_QUEUE;
    this.nextLook = now + LOOK_FOR_LINES_MS;
    this.nextLookForFiles = now + LOOK_FOR_FILES_MS;
    if (this.inode() === undefined) return;
    this.open(true);
    if (options.onlyFutureEvents === false && before !== undefined) this.goOn(before, options.maxSize ?? STOCK_MAX_SIZE);
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

  /** Where it was; undefined when it has never found the file. */
  stop(): ReadSoFar | undefined {
    const hasFile = this.file !== undefined && this.inode() !== undefined;
    this.close();
    return hasFile ? { offset: this.position, hash: this.hashUpTo(this.position) } : undefined;
  }

  private close(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }

  private goOn({ offset, hash }: ReadSoFar, maxSize: number): void {
    const size = this.position;
    if (this.hashUpTo(offset) !== hash) this.position = 0;
    else if (size - offset <= maxSize) this.position = offset;
  }

  private hashUpTo(offset: number): string {
    return createHash('sha1').update(readFileSync(this.path).subarray(0, offset)).digest('hex');
  }

  private lookForFiles(): void {
    const inode = this.inode();
    if (inode === undefined) return;
    if (this.file === undefined) return this.open(true);
    if (inode === fstatSync(this.file).ino) return;
    this.read(Number.POSITIVE_INFINITY);
    this.close();
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
